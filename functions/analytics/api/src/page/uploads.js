// The uploads, the newest first, and those that are being read.
const LISTED = 25, WATCHED = 4;

let uploads = [], uploadsCursor, areUploadsRead = false;
const watched = new Set();

const stateOf = upload => {
  const term = byId("states").querySelector(`[data-state="${upload.state}"]`);
  return { label: term?.textContent ?? upload.state, tone: term?.dataset.tone };
};
const isFinal = upload => upload.state !== "waiting" && upload.state !== "reading";
const badge = upload => { const { label, tone } = stateOf(upload); return make("span", { class: "badge", "data-tone": tone }, label) };
const lastTime = upload => upload.finished_at ?? upload.received_at ?? upload.requested_at;

async function readUploads(isMore = false) {
  const line = byId("list-about");
  line.className = "soft small";
  if (!areUploadsRead) line.textContent = "Reading …";
  try {
    const page = await get("uploads", { limit: LISTED, cursor: isMore ? uploadsCursor : undefined });
    const kept = isMore ? uploads : [];
    const known = new Set(kept.map(upload => upload.id));
    uploads = [...kept, ...page.uploads.filter(upload => !known.has(upload.id))];
    uploadsCursor = page.next_cursor;
    areUploadsRead = true;
    line.textContent = uploads.length ? "" : "None yet. Drop a file above; its report appears here.";
  } catch (error) {
    line.className = "bad small";
    line.textContent = `The uploads could not be read. ${error.message}`;
  }
  showUploads();
}

function showUploads() {
  const list = byId("list");
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : undefined;
  list.replaceChildren(...uploads.map(uploadCard));
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  byId("list-more").hidden = !uploadsCursor;
  uploads.filter(upload => !isFinal(upload)).slice(0, WATCHED).forEach(upload => watch(upload.id));
}

function readingProgress(upload) {
  if (upload.state !== "reading" || !upload.bytes) return null;
  const done = Math.min(upload.bytes_done, upload.bytes);
  return make("progress", { max: upload.bytes, value: done, "aria-label": `${upload.key}: read so far` }, percent(100 * done / upload.bytes));
}

function factsInWords(upload) {
  const facts = [];
  if (upload.kind) facts.push(upload.kind);
  if (upload.kind || upload.rows_taken) facts.push(rowsInWords(upload));
  if (upload.first_day) facts.push(days(upload.first_day, upload.last_day));
  if (upload.state === "reading" && upload.bytes) facts.push(`${bytes(Math.min(upload.bytes_done, upload.bytes))} of ${bytes(upload.bytes)} read`);
  else if (upload.bytes) facts.push(bytes(upload.bytes));
  return facts.join(" · ");
}

function uploadCard(upload) {
  return make("li", {},
    make("div", { class: "card-top" },
      make("a", { class: "name", href: fragment({ view: "uploads", upload: upload.id }) }, upload.key), badge(upload),
      upload.dry_run && upload.state !== "checked" ? make("span", { class: "soft small" }, "dry run") : null,
      make("time", { datetime: lastTime(upload) }, time(lastTime(upload)))),
    make("p", { class: "soft" }, factsInWords(upload)),
    readingProgress(upload),
    upload.effect ? make("p", {}, upload.state === "checked" ? `It would bring ${effectInWords(upload.effect)}.` : `${effectInWords(upload.effect)}.`) : null,
    isEmptied(upload) ? make("p", { class: "warn" }, replacedInWords(upload)) : null,
    upload.state === "expired" ? make("p", { class: "warn" }, "The file has not come, and its address has expired. Upload it again.") : null,
    upload.reason ? make("p", { class: upload.state === "rejected" ? "bad" : "soft" }, upload.reason) : null);
}

/// Takes in what has become of an upload.
function learn(upload) {
  const at = uploads.findIndex(one => one.id === upload.id);
  const before = uploads[at];
  const { faults, next_cursor, ...plain } = upload;
  if (at >= 0) uploads[at] = plain; else uploads.unshift(plain);
  showUploads();
  if (before && before.state !== upload.state && ["applied", "reverted"].includes(upload.state)) forgetNumbers();
  if (sheetOf === `upload ${upload.id}`) refreshReport(plain);
}

/// Follows an upload to its end. One that somebody waits for is asked about more often, for its progress.
async function watch(id, { signal, seconds = 20, onProgress } = {}) {
  if (watched.has(id) && !onProgress) return;
  watched.add(id);
  try {
    for (;;) {
      const upload = await get(`uploads/${id}`, { wait: seconds, limit: 1 }, signal);
      learn(upload);
      onProgress?.(upload);
      if (isFinal(upload)) return upload;
      if (document.hidden && !onProgress) await new Promise(resolve => document.addEventListener("visibilitychange", resolve, { once: true }));
    }
  } catch (error) {
    if (onProgress || error.name === "AbortError") throw error;
    // A line in the list that no longer moves; Refresh reads it again.
  } finally {
    watched.delete(id);
  }
}

byId("refresh").addEventListener("click", () => readUploads());
byId("list-more").addEventListener("click", () => readUploads(true));

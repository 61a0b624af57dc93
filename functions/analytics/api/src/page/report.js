// The report of one upload: what became of it, its faults, its rejected rows to mend, and taking it back.
const FAULTS = 50;
/// Rejected rows of a file that are kept.
const KEPT = 1_000;
const DELIMITERS = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" };

async function showReport(at) {
  const id = at.upload, key = `upload ${id}`;
  const known = uploads.find(upload => upload.id === id);
  if (!openSheet(key, known?.key ?? "Upload")) return;
  try {
    const upload = await get(`uploads/${id}`, { limit: FAULTS });
    if (sheetOf !== key) return;
    byId("sheet-title").textContent = upload.key;
    byId("sheet-body").replaceChildren(make("div", { id: "report" }), faultsPart(upload));
    refreshReport(upload);
    if (!isFinal(upload)) watch(id, { seconds: 2 });
  } catch (error) {
    if (sheetOf !== key) return;
    byId("sheet-body").replaceChildren(emptyState("The report could not be read", error.message,
      tryAgain(error, () => { sheetOf = undefined; showReport(at) })));
  }
}

/// The part that changes while the file is read.
function refreshReport(upload) {
  const report = byId("report");
  if (!report) return;
  const had = report.dataset.state;
  report.dataset.state = upload.state;
  const facts = [
    ["State", [badge(upload), upload.dry_run ? " dry run" : ""]],
    ["Why", upload.reason && make("span", { class: upload.state === "rejected" ? "bad" : "" }, upload.reason, upload.error_kind ? make("code", {}, ` ${upload.error_kind}`) : "")],
    [upload.dry_run ? "Would change" : "Changes", upload.effect && `${effectInWords(upload.effect)}.`],
    ["Rows", (upload.kind || upload.rows_rejected > 0) && rowsInWords(upload)],
    ["Repeated rows", overlapInWords(upload)],
    ["Replaced", upload.replaced && make("span", { class: isEmptied(upload) ? "bad" : "" }, replacedInWords(upload), " ", make("a", { href: fragment({ view: "uploads", upload: upload.replaced.id }) }, "The earlier upload"))],
    ["Days", upload.first_day && days(upload.first_day, upload.last_day)],
    ["File", [upload.kind, upload.bytes && bytes(upload.bytes), upload.encoding, upload.delimiter && `fields separated by ${DELIMITERS[upload.delimiter] ?? upload.delimiter}`].filter(Boolean).join(", ")],
    ["Announced", upload.requested_at && time(upload.requested_at)],
    ["Received", upload.received_at && time(upload.received_at)],
    ["Ended", upload.finished_at && time(upload.finished_at)],
    ["Id", make("code", {}, upload.id)],
  ].filter(([, value]) => value);
  report.replaceChildren(
    make("dl", {}, facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
    readingProgress(upload) ?? "",
    make("div", { class: "actions-row" },
      upload.rows_rejected > 0 ? make("a", { class: "button", href: addressOf(`uploads/${upload.id}/rejected.csv`).href, onclick: event => downloadRejected(event, upload) }, "Rejected rows as CSV") : null,
      upload.state === "applied" ? make("button", { type: "button", onclick: event => revert(event, upload) }, "Revert …") : null),
    upload.rows_rejected > KEPT ? make("p", { class: "soft small" }, `Of the ${count(upload.rows_rejected)} rejected rows the first ${count(KEPT)} are kept.`) : "",
    make("p", { id: "report-line", role: "status" }));
  // Its faults are known once it has been read.
  if (had && had !== upload.state && isFinal(upload)) get(`uploads/${upload.id}`, { limit: FAULTS }).then(fresh => { if (byId("faults")) byId("faults").replaceWith(faultsPart(fresh)) }, () => {});
}

function faultsPart(upload) {
  const part = make("div", { id: "faults" });
  if (!upload.faults.length) return part;
  const columns = [
    { label: "Line", class: "number", cell: ({ row }) => count(row.line) },
    { label: "Row", class: "number", cell: ({ row }) => count(row.record) },
    { label: "Column", cell: ({ fault }) => fault.column ? make("code", {}, fault.column) : "the whole row" },
    { label: "Value", class: "value", cell: ({ fault }) => make("code", {}, fault.value || "(empty)") },
    { label: "What is wrong", class: "message", cell: ({ fault }) => make("div", {}, fault.message, make("small", {}, fault.code)) },
  ];
  const body = make("tbody", { role: "rowgroup" });
  const line = make("p", { class: "soft small", role: "status" });
  let shownRows = 0, cursor;
  const more = make("button", { type: "button", onclick: async () => {
    more.disabled = true;
    try { add(await get(`uploads/${upload.id}`, { limit: FAULTS, cursor })) } catch (error) { line.textContent = error.message }
    more.disabled = false;
  } }, "Show more");
  const add = page => {
    body.append(...page.faults.flatMap(row => row.faults.map(fault => tableRow(columns, { row, fault }))));
    shownRows += page.faults.length;
    cursor = page.next_cursor;
    more.hidden = !cursor;
    const isCapped = !cursor && shownRows < upload.rows_rejected;
    line.textContent = `${count(shownRows)} of ${many(upload.rows_rejected, "rejected row")}${isCapped ? ", of which no more are kept" : ""}. Line 1 is the header’s; row 1 is the first behind it.`;
  };
  add(upload);
  part.append(make("h3", {}, "Rejected rows"), line, make("div", { class: "scroll" }, table(columns, body, { "aria-label": "Rejected rows" })), more);
  return part;
}

/// All pages of the file as one; the token goes with each request, which a plain link could not send.
async function downloadRejected(event, upload) {
  event.preventDefault();
  const line = byId("report-line");
  line.className = "";
  line.textContent = "Reading the rejected rows …";
  try {
    const parts = [];
    let query = {}, name = "rejected.csv", cut = 0;
    while (query) {
      const response = await send(`uploads/${upload.id}/rejected.csv`, { query });
      const named = response.headers.get("content-disposition")?.match(/filename\*=UTF-8''([^;]+)/)?.[1];
      if (named) name = decodeURIComponent(named);
      cut += Number(response.headers.get("rejected-rows")?.match(/\bcut=(\d+)/)?.[1] ?? 0);
      const part = await response.text();
      // Each page has the header; the decoder has taken the byte order mark away.
      parts.push(parts.length ? part.slice(part.indexOf("\n") + 1) : "\uFEFF" + part);
      const next = response.headers.get("link")?.match(/<\?([^>]*)>/)?.[1];
      query = next ? Object.fromEntries(new URLSearchParams(next)) : undefined;
    }
    const address = URL.createObjectURL(new Blob(parts, { type: "text/csv;charset=utf-8" }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    line.textContent = [`Saved as ${name}: mend the rows and upload the file again. The column error is ignored.`,
      cut ? `${many(cut, "row is longer than 64 KiB and ends", "rows are longer than 64 KiB and end")} there.` : ""].join(" ").trim();
  } catch (error) {
    line.className = "bad";
    line.textContent = `The rejected rows could not be read. ${error.message}`;
  }
}

async function revert(event, upload) {
  const button = event.currentTarget;
  const text = `Its ${many(upload.rows_taken, "row")} will no longer count, and what the file had replaced will count again. To have it back, upload the file again.`;
  if (!await isConfirmed(`Revert ${upload.key}?`, text, "Revert")) return;
  button.disabled = true;
  const line = byId("report-line");
  try {
    learn(await (await send(`uploads/${upload.id}/revert`, { method: "POST" })).json());
    byId("report-line").textContent = "Reverted. The numbers are what they were before.";
    byId("sheet-title").focus();
  } catch (error) {
    button.disabled = false;
    line.className = "bad";
    line.textContent = `It could not be reverted. ${error.message}`;
  }
}

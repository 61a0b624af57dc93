// Files on their way: checksum, announcement, transfer to the signed address, and then what the import says.
const AT_ONCE = 2;
/// The status of a file that cannot be sent: the API's for a request that it cannot use.
const UNUSABLE = 422;
const queue = [];
const onTheWay = new Set();

function addFiles(files, isDry = byId("dry-run").checked) {
  if (!files.length) return;
  go({ view: "uploads", upload: undefined, explain: undefined, program: undefined });
  for (const file of files) queue.push(new Sending(file, isDry));
  startNext();
}

function startNext() {
  while (onTheWay.size < AT_ONCE && queue.length) {
    const next = queue.shift();
    onTheWay.add(next);
    next.run(() => { onTheWay.delete(next); startNext() });
  }
}

/// A file with its card.
class Sending {
  #stop = new AbortController();
  #bar = make("progress", { max: 1, value: 0 });
  #line = make("p", { role: "status", "aria-live": "polite" }, "Waiting for its turn");
  #button = make("button", { type: "button", class: "quiet" }, "Cancel");
  #card;

  constructor(file, isDry) {
    this.file = file;
    this.isDry = isDry;
    this.#bar.setAttribute("aria-label", `${file.name}: progress`);
    this.#button.addEventListener("click", () => this.#press());
    this.#rename("Cancel");
    this.#card = make("li", {}, make("div", { class: "card-top" }, make("span", { class: "name" }, file.name), make("span", { class: "soft small" }, bytes(file.size), isDry ? ", dry run" : ""), make("span", { class: "actions" }, this.#button)), this.#bar, this.#line);
    byId("sending").prepend(this.#card);
  }

  /// `onSent` is called once the file needs this page no longer, sent or not.
  async run(onSent) {
    const { signal } = this.#stop;
    try {
      const id = await this.#transfer(signal).finally(onSent);
      this.#tell("Sent; waiting to be read");
      this.#bar.removeAttribute("value");
      this.#rename("Hide");
      this.#report(await watch(id, { signal, seconds: 2, onProgress: upload => this.#follow(upload) }));
    } catch (error) {
      this.#end(signal.aborted ? "Canceled." : error.message, signal.aborted ? "soft" : "bad");
      this.#line.append(" ", tryAgain(signal.aborted ? {} : error, () => this.#again()));
    }
  }

  /// Sends the file and returns the upload's id.
  async #transfer(signal) {
    signal.throwIfAborted();
    if (!this.file.size) throw new Refused(UNUSABLE, "The file is empty; a file has a header at least.");
    this.#tell("Computing its checksum");
    const digest = await sha256(this.file, share => this.#show(share), signal).catch(error => {
      throw error.name === "AbortError" ? error : new Refused(UNUSABLE, "The file cannot be read. Is it a folder, or has it changed since it was chosen?");
    });
    this.#tell("Announcing it");
    const announced = await (await send("uploads", { method: "POST", signal, json: { key: this.file.name, size: this.file.size, sha256: digest, dry_run: this.isDry } })).json();
    await this.#put(announced, signal);
    return announced.id;
  }

  #again() {
    this.#card.remove();
    queue.push(new Sending(this.file, this.isDry));
    startNext();
  }

  #press() {
    if (this.#button.textContent !== "Cancel") {
      this.#card.remove();
      byId("files").focus();
    }
    this.#stop.abort();
  }

  #rename(label) {
    this.#button.textContent = label;
    this.#button.setAttribute("aria-label", `${label} ${this.file.name}`);
  }

  #tell(text) { if (this.#line.textContent !== text) this.#line.textContent = text }
  #show(share) { this.#bar.value = share }

  /// With progress, which fetch does not tell of.
  #put({ method, url, headers }, signal) {
    const request = new XMLHttpRequest();
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => request.abort());
      request.open(method, url);
      // The browser sets the length itself, and lets nobody else.
      for (const [name, value] of Object.entries(headers)) if (name !== "content-length" && name !== "host") request.setRequestHeader(name, value);
      request.upload.onprogress = event => {
        this.#show(event.loaded / event.total);
        // In steps of a tenth, since each is read out.
        this.#tell(`Sending, ${percent(Math.floor(10 * event.loaded / event.total) * 10)}`);
      };
      request.onload = () => request.status < 300 ? resolve() : reject(new Refused(0, refusedByStorage(request)));
      request.onerror = () => reject(new Refused(0, "The storage cannot be reached, or does not take files from this page’s address. Check the connection; if it stays, the stage’s allowed_origins miss this address."));
      request.onabort = () => reject(new DOMException("", "AbortError"));
      request.send(this.file);
    });
  }

  #follow(upload) {
    if (upload.state !== "reading") return;
    if (upload.bytes) this.#show(Math.min(1, upload.bytes_done / upload.bytes));
    this.#tell(`Being read: ${rowsInWords(upload)} so far`);
  }

  #report(upload) {
    const { tone } = stateOf(upload);
    const said = {
      applied: `${rowsInWords(upload)}. ${replacedInWords(upload)}`.trim(),
      checked: `Nothing was changed. ${rowsInWords(upload)}${upload.effect ? `; it would bring ${effectInWords(upload.effect)}` : ""}.`,
      rejected: `Not taken: ${upload.reason ?? "see its report"}`,
      superseded: upload.reason ?? "A newer version of the same file counts instead.",
      expired: "The storage has the file, and nothing has read it yet. Look at the list again later.",
    }[upload.state] ?? stateOf(upload).label;
    this.#end(said, tone === "bad" ? "bad" : upload.rows_rejected || isEmptied(upload) ? "warn" : "good");
    this.#line.append(" ", make("a", { href: fragment({ view: "uploads", upload: upload.id }) }, "Report"));
  }

  #end(text, tone) {
    this.#bar.remove();
    this.#line.className = tone;
    this.#line.textContent = text;
    this.#rename("Hide");
  }
}

function refusedByStorage(request) {
  const code = request.responseText.match(/<Code>([^<]*)</)?.[1] ?? request.status;
  switch (code) {
    case "AccessDenied": case "SignatureDoesNotMatch": return "The storage refused the file: its address has run out, or the file has changed since it was chosen. Try again.";
    case "BadDigest": case "XAmzContentChecksumMismatch": return "The file changed while it was sent. Try again.";
    case "SlowDown": case "ServiceUnavailable": return "The storage is busy. Try again in a minute.";
    default: return `The storage refused the file (${code}). Try again.`;
  }
}

byId("files").addEventListener("change", event => {
  addFiles([...event.target.files]);
  event.target.value = "";
});
let depth = 0;
const hasFiles = event => event.dataTransfer?.types.includes("Files");
const dragging = isOver => document.documentElement.classList.toggle("dragging", isOver);
addEventListener("dragenter", event => { if (hasFiles(event)) { event.preventDefault(); depth++; dragging(true) } });
addEventListener("dragover", event => { if (hasFiles(event)) event.preventDefault() });
addEventListener("dragleave", event => { if (hasFiles(event) && --depth <= 0) { depth = 0; dragging(false) } });
addEventListener("drop", event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  depth = 0;
  dragging(false);
  addFiles([...event.dataTransfer.files]);
});
// What has been sent is read without this page.
addEventListener("beforeunload", event => { if (onTheWay.size + queue.length) event.preventDefault() });

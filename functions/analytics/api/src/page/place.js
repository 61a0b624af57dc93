// Where the reader is: the fragment of the address, so that links and the browser's buttons work.
function place() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  return { view: given.view === "uploads" ? "uploads" : "numbers", program: given.program, from: given.from, to: given.to, signal: given.signal, explain: given.explain, upload: given.upload };
}

function fragment(parts) {
  const kept = Object.entries(parts).filter(([name, value]) => value && !(name === "view" && value === "numbers"));
  return "#" + new URLSearchParams(kept);
}

/// Goes to another place; with `isReplaced` the browser's back button skips this one.
function go(changes, isReplaced = false) {
  const target = fragment({ ...place(), ...changes });
  if (target === (location.hash || "#")) return;
  history[isReplaced ? "replaceState" : "pushState"](null, "", target);
  arrive();
}

/// A sheet over the page for one item of it. What `show` makes is thrown away when it is closed.
const sheet = byId("sheet");
let sheetOf;

function openSheet(key, title) {
  byId("sheet-title").textContent = title;
  const isNew = sheetOf !== key;
  sheetOf = key;
  if (isNew) byId("sheet-body").replaceChildren(make("p", { class: "soft" }, "Reading …"));
  if (!sheet.open) {
    sheet.showModal();
    byId("sheet-title").focus();
  }
  if (isNew) sheet.scrollTop = 0;
  return isNew;
}

function closeSheet() {
  sheetOf = undefined;
  if (sheet.open) sheet.close();
}

const leaveSheet = () => go({ explain: undefined, upload: undefined });
byId("sheet-close").addEventListener("click", leaveSheet);
sheet.addEventListener("cancel", event => { event.preventDefault(); leaveSheet() });
// A browser closes a dialog by itself when it is asked to for the second time.
sheet.addEventListener("close", () => { if (sheetOf) leaveSheet() });
sheet.addEventListener("click", event => { if (event.target === sheet) leaveSheet() });

// Shows the place that the address names.
let wasView;

function arrive() {
  const at = place();
  byId("numbers").hidden = at.view !== "numbers";
  byId("uploads").hidden = at.view !== "uploads";
  byId("to-numbers").toggleAttribute("aria-current", at.view === "numbers");
  byId("to-uploads").toggleAttribute("aria-current", at.view === "uploads");
  const isNewView = wasView !== at.view;
  wasView = at.view;
  if (at.view === "uploads") {
    document.title = "Uploads · Analytics";
    byId("to-numbers").href = fragment({ program: shown?.code });
    if (isNewView) readUploads();
    if (at.upload) showReport(at); else closeSheet();
  } else {
    document.title = at.program ? `${at.program} · Analytics` : "Analytics";
    if (at.program || areProgramsRead || programsFault) showProgram(at);
    if (at.explain && (at.program ?? shownProgram())) showExplanation(at); else closeSheet();
  }
}

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const nameTheme = () => { byId("theme").textContent = isDark() ? "Light" : "Dark" };
byId("theme").addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; nameTheme() });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
nameTheme();

for (const link of document.querySelectorAll(".tools a")) link.href = new URL("../docs", base).href;
addEventListener("popstate", arrive);
addEventListener("keydown", event => {
  if (event.key !== "/" || /INPUT|TEXTAREA/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  go({ view: "numbers", upload: undefined });
  byId("find").focus();
});
arrive();
readPrograms().then(() => { if (place().view === "numbers") arrive() });

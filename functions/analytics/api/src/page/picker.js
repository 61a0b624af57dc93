// The list of programs. A list of links: Tab reaches it once, arrows move within it.
const SHOWN = 200;
let programs = [], areProgramsRead = false, programsFault, shownPrograms = SHOWN;

async function readPrograms() {
  programsFault = undefined;
  const read = [];
  try {
    for await (const page of pages("programs", { limit: 100 })) {
      read.push(...page.programs);
      // While they are read for the first time, those that have come can be used.
      if (!areProgramsRead) { programs = [...read]; showPrograms() }
    }
    programs = read;
    areProgramsRead = true;
  } catch (error) {
    programsFault = error;
  }
  showPrograms();
}

function programItem(program, current) {
  const exhibitions = program.first_day ? days(program.first_day, program.last_day) : "no exhibitions";
  const slots = program.first_slot_day ? `slots ${days(program.first_slot_day, program.last_slot_day)}` : "no slots";
  return make("li", {}, make("a", { href: fragment({ program: program.program_code }), tabindex: -1, "aria-current": program.program_code === current && "true" },
    make("b", {}, program.program_code), make("small", {}, exhibitions), make("small", {}, slots)));
}

function showPrograms() {
  const wanted = byId("find").value.trim().toLowerCase(), onlySlots = byId("only-slots").checked;
  const isFound = program => (!onlySlots || program.first_slot_day)
    && (program.program_code.toLowerCase().includes(wanted) || program.signals.some(signal => signal.toLowerCase() === wanted));
  const found = programs.filter(isFound);
  const current = place().program ?? shownProgram();
  const items = found.slice(0, shownPrograms).map(program => programItem(program, current));
  if (found.length > shownPrograms) {
    items.push(make("li", {}, make("button", { type: "button", onclick: () => { shownPrograms += SHOWN * 5; showPrograms() } }, `Show more of ${count(found.length)}`)));
  }
  const list = byId("programs"), hadFocus = list.contains(document.activeElement);
  list.replaceChildren(...items);
  const chosen = list.querySelector("[aria-current]") ?? list.querySelector("a");
  if (chosen) {
    chosen.tabIndex = 0;
    if (hadFocus) chosen.focus();
    // Not scrollIntoView, which would move the page too.
    else if (chosen.offsetTop - list.offsetTop > list.scrollTop + list.clientHeight - 60) list.scrollTop = chosen.offsetTop - list.offsetTop - 60;
  }
  const line = byId("programs-count");
  line.classList.toggle("bad", Boolean(programsFault));
  if (programsFault) line.replaceChildren(programsFault.message, " ", tryAgain(programsFault, readPrograms));
  else if (!programs.length) line.textContent = areProgramsRead ? "None yet: upload an audience file and an availability file." : "Reading …";
  else line.textContent = found.length === programs.length ? many(programs.length, "program") : `${count(found.length)} of ${many(programs.length, "program")}`;
}

/// The one to begin with: the first that has exhibitions to predict from and slots to predict for.
const firstProgram = () => (programs.find(program => program.first_day && program.first_slot_day) ?? programs[0])?.program_code;

for (const [id, event] of [["find", "input"], ["only-slots", "change"]]) {
  byId(id).addEventListener(event, () => { shownPrograms = SHOWN; byId("programs").scrollTop = 0; showPrograms() });
}
byId("find").addEventListener("keydown", event => {
  const links = [...byId("programs").querySelectorAll("a")];
  if (event.key === "ArrowDown" && links.length) { event.preventDefault(); links[0].focus() }
  if (event.key === "Enter" && links.length) links[0].click();
});
byId("programs").addEventListener("keydown", event => {
  const links = [...byId("programs").querySelectorAll("a")], at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1, PageDown: Math.min(at + 8, links.length - 1), PageUp: Math.max(at - 8, 0) }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  if (to < 0) return byId("find").focus();
  if (!links[to]) return;
  links[at].tabIndex = -1;
  links[to].tabIndex = 0;
  links[to].focus();
});

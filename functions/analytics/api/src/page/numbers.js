// The numbers of a program, by signal and weekday.
/// Pages of the explanation that are read by themselves; a program can have a hundred times as much.
const EXPLANATIONS = 4;

/// What is shown: `groups` by signal and weekday, each `{signal, weekday, prediction, accuracy, explained}` as far as they have come.
let shown, loading;

const shownProgram = () => shown?.key && shown.code;
const groupKey = (signal, weekday) => `${signal}.${weekday}`;

function selectionOf(at) {
  return at.from && at.to ? { start_date: at.from, end_date: at.to } : {};
}

async function showProgram(at) {
  const code = at.program ?? firstProgram();
  if (!code) return showNoProgram();
  const key = JSON.stringify([code, at.from, at.to]);
  if (shown?.key === key) {
    // Redrawn only when it is another picture, so that whoever comes back to it is where they were.
    if (shown.drawn !== at.signal) showGroups();
    return;
  }
  loading?.abort();
  const { signal } = loading = new AbortController();
  shown = { key, code, at, groups: new Map(), isExplained: false, isPart: false };
  byId("program-title").textContent = code;
  byId("program").setAttribute("aria-busy", "true");
  byId("program-body").replaceChildren(make("p", { class: "soft" }, "Reading …"));
  showSelection(at);
  showPrograms();
  const query = { program_code: code, ...selectionOf(at) };
  try {
    const [predictions, accuracy] = await Promise.all([get(at.from ? "period" : "program", query, signal), get("accuracy", query, signal)]);
    for (const row of predictions.body) groupOf(row).prediction = row;
    for (const row of accuracy.groups) groupOf(row).accuracy = row;
    showGroups();
    await explainAll(query, signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    shown.key = undefined;
    byId("program").setAttribute("aria-busy", "false");
    byId("program-body").replaceChildren(emptyState("The numbers could not be read", error.message,
      tryAgain(error, () => showProgram(place()))));
  }
}

function groupOf({ signal, weekday }) {
  const key = groupKey(signal, weekday);
  if (!shown.groups.has(key)) shown.groups.set(key, { signal, weekday });
  return shown.groups.get(key);
}

async function explainAll(query, signal) {
  let read = 0;
  for await (const page of pages("explain", query, signal)) {
    for (const group of page.groups) groupOf(group).explained = group;
    shown.isPart = page.next_cursor !== null && ++read >= EXPLANATIONS;
    if (shown.isPart) break;
    if (page.next_cursor) showGroups();
  }
  shown.isExplained = true;
  showGroups();
}

/// The numbers have changed: they are read again when they are looked at.
function forgetNumbers() {
  if (shown) shown.key = undefined;
  readPrograms().then(() => { if (place().view === "numbers") showProgram(place()) });
}

function showNoProgram() {
  byId("program").setAttribute("aria-busy", String(!areProgramsRead && !programsFault));
  if (programsFault) byId("program-about").textContent = "";
  if (!areProgramsRead || programs.length) return;
  byId("program-title").textContent = "Predictions";
  byId("program-about").textContent = "";
  byId("program-body").replaceChildren(emptyState("There is nothing to predict from yet",
    "Upload an audience file, which says who watched, and an availability file, which says what can be sold.",
    make("button", { type: "button", onclick: () => go({ view: "uploads" }) }, "Upload files")));
}

function showSelection(at) {
  const program = programs.find(one => one.program_code === shown.code);
  byId("selection").hidden = false;
  byId("select-all").setAttribute("aria-pressed", String(!at.from));
  byId("select-period").setAttribute("aria-pressed", String(Boolean(at.from)));
  byId("period").hidden = !at.from;
  byId("from").value = at.from ?? "";
  byId("to").value = at.to ?? "";
  byId("period-fault").textContent = "";
  const about = program ? [
    `exhibitions ${program.first_day ? days(program.first_day, program.last_day) : "none"}`,
    `slots ${program.first_slot_day ? days(program.first_slot_day, program.last_slot_day) : "none"}`,
    `on ${program.signals.join(", ")}`,
  ].filter(Boolean).join(" · ") : areProgramsRead ? "No program has this code. Codes are case-sensitive." : "";
  byId("program-about").textContent = about;
}

function showGroups() {
  if (!shown?.key) return;
  const order = group => [group.signal, WEEKDAYS.indexOf(group.weekday)];
  const groups = [...shown.groups.values()].sort((a, b) => {
    const [x, y] = [order(a), order(b)];
    return x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : x[1] - y[1];
  });
  const body = byId("program-body");
  const focused = body.contains(document.activeElement) && (document.activeElement.ariaLabel ?? document.activeElement.textContent);
  shown.drawn = place().signal;
  byId("program").setAttribute("aria-busy", String(!shown.isExplained));
  byId("numbers-help").hidden = groups.length === 0;
  showSelection(shown.at);
  if (!groups.length) return body.replaceChildren(nothingFor(shown));
  const signals = [...new Set(groups.map(group => group.signal))];
  const only = signals.includes(place().signal) ? place().signal : undefined;
  const listed = groups.filter(group => !only || group.signal === only);
  body.replaceChildren(
    hintAbout(groups), signals.length > 1 ? signalSwitch(signals, only) : "",
    groups.some(group => group.prediction) ? overview(listed) : "",
    make("div", { class: "panel" }, groupsTable(listed)),
    shown.isPart ? make("p", { class: "soft small" }, "The history of some rows was too long to draw here; “Explain” reads it.") : "");
  if (focused) [...body.querySelectorAll("button")].find(button => (button.ariaLabel ?? button.textContent) === focused)?.focus();
}

function nothingFor({ at, code }) {
  const program = programs.find(one => one.program_code === code);
  if (at.from) return emptyState("No exhibition in this period", `${code} has slots or exhibitions at other times.`, make("button", { type: "button", onclick: () => go({ from: undefined, to: undefined }) }, "Show all exhibitions"));
  if (program) return emptyState("Nothing to compare yet", `${code} has no slots, and no signal and weekday has two exhibitions.`);
  return emptyState(`There is no program ${code}`, "Pick one from the list, or upload files that name it.");
}

function hintAbout(groups) {
  if (!groups.some(group => group.prediction) && !shown.at.from) {
    return emptyState("No slots, so no predicted audience", `Predictions are listed for signals and weekdays that have slots. Upload an availability file with ${shown.code} to see them. How good its predictions would have been is below.`);
  }
  return "";
}

function signalSwitch(signals, only) {
  const one = (label, value) => make("button", { type: "button", "aria-pressed": String(value === only), onclick: () => go({ signal: value }, true) }, label);
  return make("div", { class: "switch wrap", role: "group", "aria-label": "Signal" }, one("All signals", undefined), signals.map(signal => one(signal, signal)));
}

const mean = values => values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;

function overview(groups) {
  const bySignal = Map.groupBy(groups.filter(group => group.prediction), group => group.signal);
  const figures = [...bySignal].map(([signal, of]) => {
    const predicted = Object.fromEntries(of.map(group => [group.weekday, group.prediction.predicted_audience]));
    const came = Object.fromEntries(of.map(group => [group.weekday, mean((group.explained?.exhibitions ?? []).map(one => one.values.at(-1).average_audience))]));
    const most = Math.max(0, ...Object.values(predicted), ...Object.values(came));
    return make("figure", {}, make("figcaption", {}, signal, make("span", {}, most ? `highest ${short.format(most)}` : "no exhibitions")), weekdayBars(signal, predicted, came));
  });
  return make("div", {}, make("div", { class: "multiples" }, figures),
    make("p", { class: "legend" }, make("span", {}, "came, mean"), make("span", { class: "is-predicted" }, "predicted, mean"), "Each signal has a scale of its own."));
}

/// Why a group has no line.
function missingFrom(group) {
  if (!shown.isExplained) return "reading …";
  if (!group.prediction) return "exhibitions, and no slots";
  return group.explained || !shown.isPart ? "slots, and no exhibitions" : "too long to draw";
}

function groupsTable(groups) {
  const errors = groups.flatMap(({ accuracy: row }) => row?.p10 == null ? [] : [Math.abs(row.p10), Math.abs(row.p90)]);
  const most = Math.min(200, Math.max(10, ...errors));
  const columns = [
    { label: "Weekday", cell: group => group.weekday },
    { label: "Predicted audience", class: "number", cell: group => audience(group.prediction?.predicted_audience) },
    { label: "Available time", class: "number", cell: group => audience(group.prediction?.available_time) },
    { label: "Prediction against what came", class: "chart", cell: group => group.explained?.exhibitions.length ? spark(group.explained.exhibitions)
      : make("small", { class: "text" }, missingFrom(group)) },
    { label: "Mean error", class: "number", cell: group => percent(group.accuracy?.mape) },
    { label: "Bias", class: "number", cell: group => signed(group.accuracy?.bias) },
    { label: "Spread of errors, p10 · p50 · p90", class: "chart", cell: ({ accuracy: row }) => row?.p10 == null ? NONE
      : make("div", {}, spread(row, most), make("small", {}, [row.p10, row.p50, row.p90].map(signedWhole).join(" · "))) },
    { label: "Compared", class: "number", cell: group => count(group.accuracy?.predictions ?? 0) },
    { label: "", name: "Explain", cell: group => group.prediction && make("button", {
      type: "button", "aria-label": `Explain ${group.signal}, ${group.weekday}`, onclick: () => go({ explain: groupKey(group.signal, group.weekday) }),
    }, "Explain") },
  ];
  const bodies = [...Map.groupBy(groups, group => group.signal)].map(([signal, of]) => make("tbody", { role: "rowgroup" },
    make("tr", { class: "group", role: "row" }, make("th", { scope: "rowgroup", role: "rowheader", colspan: columns.length }, signal)),
    of.map(group => tableRow(columns, group))));
  return table(columns, bodies, { "aria-label": `${shown.code} by signal and weekday` });
}

byId("select-all").addEventListener("click", () => go({ from: undefined, to: undefined }));
byId("select-period").addEventListener("click", () => {
  const program = programs.find(one => one.program_code === shown?.code);
  byId("period").hidden = false;
  for (const [id, value] of [["from", program?.first_day], ["to", program?.last_day]]) if (!byId(id).value) byId(id).value = value ?? "";
  byId("from").focus();
  choosePeriod();
});
for (const id of ["from", "to"]) byId(id).addEventListener("change", choosePeriod);
byId("selection").addEventListener("submit", event => { event.preventDefault(); choosePeriod() });

function choosePeriod() {
  const [from, to] = [byId("from").value, byId("to").value];
  const fault = !from || !to ? "A period needs both days." : from > to ? "The period ends before it starts." : "";
  byId("period-fault").textContent = fault;
  for (const id of ["from", "to"]) byId(id).toggleAttribute("aria-invalid", fault !== "");
  if (!fault) go({ program: shown?.code, from, to }, true);
}

// What is behind one number: its exhibitions with the values of each prediction, and its slots, with the uploads and lines that they came from.
const ROWS = 50;

async function showExplanation(at) {
  const code = at.program ?? shownProgram();
  const split = at.explain.lastIndexOf(".");
  const [signal, weekday] = [at.explain.slice(0, split), at.explain.slice(split + 1)];
  if (!code || !openSheet(`explain ${code} ${at.explain} ${at.from} ${at.to}`, `${code}, ${signal}, ${weekday}`)) return;
  const key = sheetOf;
  try {
    const known = shown?.key && shown.code === code ? shown.groups.get(at.explain)?.explained : undefined;
    const group = known ?? (await get("explain", { program_code: code, signal, weekday, ...selectionOf(at) })).groups[0];
    if (sheetOf === key) byId("sheet-body").replaceChildren(...(group ? explanation(group, at) : [emptyState("Nothing is listed here", "This signal and weekday has no slots, or no exhibition in the period.")]));
  } catch (error) {
    if (sheetOf === key) byId("sheet-body").replaceChildren(emptyState("The explanation could not be read", error.message,
      tryAgain(error, () => { sheetOf = undefined; showExplanation(at) })));
  }
}

function explanation(group, at) {
  const { exhibitions, slots } = group;
  const which = at.from ? `exhibitions from ${day(at.from)} to ${day(at.to)}` : "exhibitions";
  const parts = [make("dl", {},
    make("dt", {}, "Predicted audience"),
    make("dd", {}, exhibitions.length
      ? [make("b", {}, exact.format(group.predicted_audience)), `: the mean of the predictions of ${count(exhibitions.length)} ${which}. Each is the median of up to four audiences, its own and the three before.`]
      : "None: there are slots, and no exhibition."),
    make("dt", {}, "Available time"), make("dd", {}, make("b", {}, count(group.available_time)), `: the sum of ${many(slots.length, "slot")}.`))];
  if (exhibitions.length) {
    parts.push(make("h3", {}, "Prediction against what came"), timeline(exhibitions), make("h3", {}, "Exhibitions, the latest first"), exhibitionsTable(exhibitions));
  }
  return [...parts, make("h3", {}, "Slots"), slotsTable(slots)];
}

const origin = ({ upload, key, line }) => make("a", { class: "origin", href: fragment({ view: "uploads", upload }), title: `${key}, line ${count(line)}` }, make("span", {}, key), `line ${count(line)}`);

function exhibitionsTable(exhibitions) {
  const rows = exhibitions.map((exhibition, index) => ({ exhibition, before: exhibitions[index - 1]?.predicted_audience })).reverse();
  const own = ({ exhibition }) => exhibition.values.at(-1);
  const columns = [
    { label: "Day", cell: ({ exhibition }) => day(exhibition.exhibition_date) },
    { label: "Start", class: "start", cell: ({ exhibition }) => startTime(exhibition.program_start_time, exhibition.exhibition_date) },
    { label: "Came", class: "number", cell: row => audience(own(row).average_audience) },
    { label: "Predicted before it", class: "number", cell: ({ before, ...row }) => before === undefined ? NONE
      : make("div", {}, audience(before), make("small", {}, own(row).average_audience ? signed((before / own(row).average_audience - 1) * 100) : "")) },
    { label: "Prediction from it on", class: "number", cell: ({ exhibition }) => audience(exhibition.predicted_audience) },
    { label: "The median of", cell: ({ exhibition }) => make("ul", { class: "values" }, exhibition.values.toReversed().map(value =>
      make("li", {}, make("b", {}, audience(value.average_audience)), make("span", { class: "soft small" }, day(value.exhibition_date)), make("span", { class: "small" }, origin(value))))) },
  ];
  return paged(columns, rows, "Exhibitions");
}

function slotsTable(slots) {
  const columns = [
    { label: "Day", cell: slot => day(slot.date) },
    { label: "Available time", class: "number", cell: slot => count(slot.available_time) },
    { label: "From", cell: origin },
  ];
  return paged(columns, slots, "Slots");
}

/// A table whose rows are shown a page at a time.
function paged(columns, rows, name) {
  const body = make("tbody", { role: "rowgroup" });
  const more = make("button", { type: "button", onclick: () => {
    const first = add();
    first?.querySelector("a, th")?.focus();
  } });
  const add = () => {
    const from = body.children.length, made = rows.slice(from, from + ROWS).map(row => tableRow(columns, row));
    body.append(...made);
    more.hidden = body.children.length >= rows.length;
    more.textContent = `Show more of ${count(rows.length)}`;
    return made[0];
  };
  add();
  return make("div", {}, make("div", { class: "scroll" }, table(columns, body, { "aria-label": name })), more);
}

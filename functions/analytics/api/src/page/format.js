// Numbers and times as the reader's locale writes them; times are UTC and say so.
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 3 });
const exact = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const percentage = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const signedPercentage = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "short", timeZone: "UTC" });
const NONE = "–";

const count = value => whole.format(value);
const audience = value => value === null || value === undefined ? NONE : whole.format(value);
const percent = value => value === null || value === undefined ? NONE : percentage.format(value / 100);
const signedWhole = value => new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" }).format(value / 100);
const signed = value => value === null || value === undefined ? NONE : signedPercentage.format(value / 100);
const day = text => text ? dayFormat.format(new Date(text + "T00:00:00Z")) : NONE;
const days = (first, last) => first === last ? day(first) : `${day(first)} to ${day(last)}`;
/// The time alone where the UTC day is `than`, since a broadcast day ends after midnight.
const startTime = (text, than) => text.startsWith(than) ? `${clockFormat.format(new Date(text))} UTC` : time(text);
const time = text => text ? `${timeFormat.format(new Date(text))} UTC` : NONE;
const many = (number, one, more = one + "s") => `${count(number)} ${number === 1 ? one : more}`;

function bytes(number) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let unit = 0;
  while (number >= 1000 && unit < units.length - 1) { number /= 1000; unit++ }
  return new Intl.NumberFormat(undefined, { style: "unit", unit: units[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: unit ? 1 : 0 }).format(number);
}

/// What an upload changes, in words; nothing while that is unknown.
function effectInWords(effect) {
  if (!effect) return "";
  const rows = [["new", effect.new], ["changed", effect.changed], ["gone", effect.gone], ["unchanged", effect.unchanged]]
    .filter(([, number]) => number > 0).map(([word, number]) => `${count(number)} ${word}`);
  const by = effect.largest_move_percent === null ? "" : `, the most by ${percent(effect.largest_move_percent)}`;
  const moved = effect.predictions_moved ? `${many(effect.predictions_moved, "prediction moves", "predictions move")}${by}` : "no prediction moves";
  return [...(rows.length ? rows : ["no rows"]), moved].join(", ");
}

/// Rows of a file that does not count are readable, and not taken.
function rowsInWords(upload) {
  const repeated = upload.rows_repeated ? ` (${count(upload.rows_repeated)} of them in another upload too)` : "";
  const isTaken = upload.state === "applied" || upload.state === "reverted";
  const good = `${many(upload.rows_taken, "row")} ${isTaken ? "taken" : "readable"}${repeated}`;
  return upload.rows_rejected ? `${good}, ${count(upload.rows_rejected)} rejected` : good;
}

/// Rows of the largest file that is compared with others.
const COMPARED_ROWS = 200_000;

/// What is to be known of the rows of an applied file besides their number.
function overlapInWords(upload) {
  if (upload.rows_overwritten) return `${many(upload.rows_overwritten, "row has another of the same file after it", "rows have another of the same file after them")}; the last counts.`;
  return upload.state === "applied" && upload.rows_taken > COMPARED_ROWS ? `Not counted, with other uploads or in the file: it has more than ${count(COMPARED_ROWS)} rows.` : "";
}

const isEmptied = upload => upload.state === "applied" && !upload.rows_taken && upload.replaced?.rows > 0;

/// What a file replaced; plainly when it has no row to put there.
function replacedInWords(upload) {
  if (!upload.replaced) return "";
  const rows = many(upload.replaced.rows, "row");
  return isEmptied(upload) ? `It has no row, and replaced ${rows} of an earlier upload: revert it to have them back.` : `It replaced an earlier upload of ${rows}.`;
}

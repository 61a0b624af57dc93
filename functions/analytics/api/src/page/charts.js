// Charts as SVG. What they show is in a table beside them, so to a screen reader each is one sentence.

/// Two bars a weekday, what came and what was predicted, of one signal; `predicted` and `came` are by weekday.
function weekdayBars(signal, predicted, came) {
  const width = 280, height = 120, foot = 16, top = 6;
  const most = Math.max(1, ...WEEKDAYS.flatMap(name => [predicted[name] ?? 0, came[name] ?? 0]));
  const step = width / 7, bar = step * .32;
  const scaled = value => (height - foot - top) * value / most;
  const bars = WEEKDAYS.flatMap((name, index) => {
    const x = index * step + step / 2;
    const one = (value, left, kind) => value > 0 && draw("rect", { class: kind, x: left, width: bar, y: height - foot - Math.max(1, scaled(value)), height: Math.max(1, scaled(value)), rx: 1.5 });
    const told = `${name}: predicted ${audience(predicted[name])}, came ${audience(came[name])}`;
    return [
      draw("g", {}, draw("title", {}, told), draw("rect", { x: x - step / 2, y: 0, width: step, height: height - foot, fill: "transparent" }),
        one(came[name], x - bar - 1, "came"), one(predicted[name], x + 1, "predicted")),
      draw("text", { x, y: height - 3, "text-anchor": "middle" }, name.slice(0, 2)),
    ];
  });
  const told = WEEKDAYS.filter(name => predicted[name] != null).map(name => `${name} ${short.format(predicted[name])}`).join(", ");
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Predicted audience of ${signal}: ${told || "none"}` },
    draw("line", { class: "axis", x1: 0, x2: width, y1: height - foot, y2: height - foot }), bars);
}

/// The points of a group: each exhibition with what came and what had been predicted by the exhibition before it, and what is predicted next.
function pointsOf(exhibitions) {
  return exhibitions.map((exhibition, index) => ({
    at: Date.parse(exhibition.exhibition_date),
    day: exhibition.exhibition_date,
    came: exhibition.values.at(-1).average_audience,
    predicted: index > 0 ? exhibitions[index - 1].predicted_audience : null,
  }));
}

function scales(points, next, width, height, pad) {
  const values = points.flatMap(point => [point.came, point.predicted]).concat(next ?? []).filter(value => value !== null);
  let low = Math.min(...values), high = Math.max(...values);
  if (low === high) { low = Math.max(0, low * .9); high = high * 1.1 || 1 }
  const first = points[0].at, last = points.at(-1).at;
  // One place more on the right, for the next exhibition.
  const gap = points.length > 1 ? (last - first) / (points.length - 1) : 1;
  const span = last - first + (next === undefined ? 0 : gap) || 1;
  const x = at => pad.left + (width - pad.left - pad.right) * (at - first) / span;
  const y = value => height - pad.bottom - (height - pad.top - pad.bottom) * (value - low) / (high - low);
  return { x, y, low, high, nextAt: last + gap };
}

const path = (points, x, y) => points.map(([at, value], index) => `${index ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
const predictedPoints = points => points.filter(point => point.predicted !== null).map(point => [point.at, point.predicted]);

/// A line for a cell of the table.
function spark(exhibitions) {
  const points = pointsOf(exhibitions);
  if (!points.length) return null;
  const width = 160, height = 36;
  const { x, y } = scales(points, undefined, width, height, { left: 3, right: 3, top: 4, bottom: 4 });
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${many(points.length, "exhibition")}, ${days(points[0].day, points.at(-1).day)}` },
    points.length > 1 ? draw("path", { class: "came-line", d: path(points.map(point => [point.at, point.came]), x, y) }) : null,
    draw("path", { class: "predicted-line", d: path(predictedPoints(points), x, y) }),
    points.length > 40 ? [] : points.map(point => draw("circle", { class: "came", cx: x(point.at), cy: y(point.came), r: 2.2 })));
}

/// The percentiles of the errors between -`most` and `most` percent.
function spread(row, most) {
  const width = 120, height = 14;
  const x = value => width / 2 + (width / 2 - 4) * Math.max(-1, Math.min(1, value / most));
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    draw("line", { class: "axis", x1: 0, x2: width, y1: height / 2, y2: height / 2 }),
    draw("line", { class: "came-line", x1: width / 2, x2: width / 2, y1: 1, y2: height - 1 }),
    draw("rect", { class: "came", x: x(row.p10), width: Math.max(2, x(row.p90) - x(row.p10)), y: 4, height: 6, rx: 3 }),
    draw("circle", { class: "predicted", cx: x(row.p50), cy: height / 2, r: 4 }));
}

/// About four round numbers between two values.
function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(size => size >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) found.push(tick);
  return found;
}

/// The whole history of a group, drawn anew for each width.
function timeline(exhibitions) {
  const points = pointsOf(exhibitions);
  const next = exhibitions.at(-1).predicted_audience;
  const readout = make("p", { class: "readout", "aria-hidden": "true" }, "");
  const box = make("div", {});
  const paint = () => {
    const width = Math.max(280, box.clientWidth), height = 230;
    const { x, y, low, high, nextAt } = scales(points, next, width, height, { left: 52, right: 14, top: 10, bottom: 24 });
    const cursor = draw("line", { class: "cursor", y1: 10, y2: height - 24, visibility: "hidden" });
    const labels = points.length > 1 && width > 420 ? [points[0], points[Math.floor(points.length / 2)], points.at(-1)] : [points[0], points.at(-1)];
    const anchors = ["start", "middle", "end"];
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${many(points.length, "exhibition")}, ${days(points[0].day, points.at(-1).day)}: what came and what was predicted; ${audience(next)} is predicted next. The values are in the table below.` },
      ticks(low, high).map(tick => [
        draw("line", { class: "axis", x1: 52, x2: width, y1: y(tick), y2: y(tick) }),
        draw("text", { x: 46, y: y(tick) + 4, "text-anchor": "end" }, short.format(tick)),
      ]).flat(),
      [...new Set(labels)].map((point, index, all) => draw("text", { x: x(point.at), y: height - 6, "text-anchor": all.length === 1 ? "start" : index === all.length - 1 ? "end" : anchors[index] }, day(point.day))),
      cursor,
      draw("path", { class: "came-line", d: path(points.map(point => [point.at, point.came]), x, y) }),
      points.length > 150 ? [] : points.map(point => draw("circle", { class: "came", cx: x(point.at), cy: y(point.came), r: 3 })),
      draw("path", { class: "predicted-line", d: path([...predictedPoints(points), [nextAt, next]], x, y) }),
      draw("circle", { class: "next", cx: x(nextAt), cy: y(next), r: 4 }));
    svg.addEventListener("pointermove", event => {
      const at = (event.clientX - svg.getBoundingClientRect().left) * width / svg.getBoundingClientRect().width;
      const near = points.reduce((best, point) => Math.abs(x(point.at) - at) < Math.abs(x(best.at) - at) ? point : best);
      cursor.setAttribute("x1", x(near.at));
      cursor.setAttribute("x2", x(near.at));
      cursor.setAttribute("visibility", "visible");
      readout.textContent = `${day(near.day)}: came ${audience(near.came)}, predicted ${audience(near.predicted)}`;
    });
    svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); readout.textContent = "" });
    box.replaceChildren(svg);
  };
  let drawn;
  new ResizeObserver(() => { if (drawn !== box.clientWidth) { drawn = box.clientWidth; paint() } }).observe(box);
  return make("div", {}, box, readout, legend(true));
}

function legend(hasNext) {
  return make("p", { class: "legend", "aria-hidden": "true" }, make("span", {}, "came"), make("span", { class: "is-predicted" }, "predicted before it"), hasNext && make("span", { class: "is-next" }, "predicted next"));
}

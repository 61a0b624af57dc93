// Elements. Text goes in as text alone: what the API answers is never read as HTML, and the page's policy forbids that it could be.
const byId = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false));
  return element;
}

const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/// A table of columns `{label, class, cell}`; its roles are written out, since on a phone it is laid out as cards.
function table(columns, rows, attributes = {}) {
  const head = columns.map(column => make("th", { scope: "col", role: "columnheader", class: column.class }, column.label || make("span", { class: "offscreen" }, column.name)));
  return make("table", { role: "table", class: "cards", ...attributes },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, head)), rows);
}

function tableRow(columns, item) {
  return make("tr", { role: "row" }, columns.map((column, index) => {
    const content = column.cell(item);
    if (index === 0) return make("th", { scope: "row", role: "rowheader", class: column.class }, content);
    return make("td", { role: "cell", class: column.class, "data-label": column.label }, content);
  }));
}

function emptyState(title, text, ...more) {
  return make("div", { class: "empty" }, make("b", {}, title), text, more.length ? make("div", {}, more) : null);
}

/// Asks in a dialog; whether the answer is yes.
function isConfirmed(title, text, yes) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  byId("confirm-no").focus();
  return new Promise(resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
byId("confirm-yes").addEventListener("click", () => byId("confirm").close("yes"));
byId("confirm-no").addEventListener("click", () => byId("confirm").close());

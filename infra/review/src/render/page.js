"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  all("[data-needs-script]").forEach((part) => (part.hidden = false));

  // Light and dark. Where nothing may be stored (file://, private windows), the choice lasts as long as the page.
  const root = document.documentElement;
  const stored = (value) => {
    try {
      return value === undefined ? localStorage.getItem("review-theme") : localStorage.setItem("review-theme", value);
    } catch {
      return null;
    }
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const nameTheme = () => {
    const button = one('[data-do="theme"]');
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
  };
  const before = stored();
  if (before === "light" || before === "dark") root.dataset.theme = before;
  const switchTheme = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored(root.dataset.theme);
    nameTheme();
  };
  system.addEventListener("change", nameTheme);
  nameTheme();

  // Filter: chips of one kind add up, kinds and words narrow down.
  const chosen = { stage: new Set(), category: new Set(), action: new Set() };
  const field = one("#text");
  const items = all(".item");
  const words = (text) => (text || "").split(" ").filter(Boolean);
  const matches = (part) => {
    const has = (kind, values) => !chosen[kind].size || values.some((value) => chosen[kind].has(value));
    const sought = words(field.value.toLowerCase());
    const text = (part.dataset.text || "").toLowerCase();
    return (
      has("stage", words(part.dataset.stages)) &&
      has("category", words(part.dataset.categories)) &&
      has("action", words(part.dataset.action)) &&
      sought.every((word) => text.includes(word))
    );
  };
  const isFiltering = () => field.value.trim() !== "" || Object.values(chosen).some((set) => set.size);
  const filter = () => {
    items.forEach((item) => (item.hidden = !matches(item)));
    all(".node").forEach((node) => node.classList.toggle("filtered", isFiltering() && !matches(node)));
    all("[data-filtered]").forEach((part) => {
      const [inside, left] = [all(".item", part).length, all(".item:not([hidden])", part).length];
      if (part.id !== "changes") part.hidden = !left;
      const number = one("h2 .count", part);
      if (number) number.textContent = left === inside ? inside : `${left} of ${inside}`;
    });
    const changes = all(".change");
    const shown = changes.filter((change) => !change.hidden).length;
    one(".shown").textContent = isFiltering() ? `${shown} of ${changes.length} changes` : "";
    one("#nothing").hidden = shown > 0 || !changes.length;
    one('.bar [data-do="clear"]').hidden = !isFiltering();
    all('[data-do="filter"]').forEach((chip) =>
      chip.setAttribute("aria-pressed", String(chosen[chip.dataset.kind].has(chip.dataset.value))),
    );
    if (chosen.stage.size) {
      const [stage] = chosen.stage;
      if (!chosen.stage.has(stageShown)) showStage(stage);
    }
  };
  const clear = () => {
    Object.values(chosen).forEach((set) => set.clear());
    field.value = "";
    filter();
  };
  field.addEventListener("input", filter);

  // The graph: one stage at a time.
  const board = one("#graph");
  const figures = board ? all("figure", board) : [];
  const panel = board && one(".panel", board);
  let stageShown, picked;
  let scale = 1;
  const figure = () => figures.find((each) => !each.hidden);
  const zoom = (to) => {
    scale = Math.min(2, Math.max(0.3, to));
    figures.forEach((each) => {
      const svg = one("svg", each);
      const { width, height } = svg.viewBox.baseVal;
      svg.setAttribute("width", Math.round(width * scale));
      svg.setAttribute("height", Math.round(height * scale));
    });
  };
  const fit = () => {
    const shown = figure();
    if (shown) zoom(Math.min(1, (one(".canvas").clientWidth - 34) / one("svg", shown).viewBox.baseVal.width));
  };
  const showStage = (stage) => {
    if (!figures.some((each) => each.dataset.stage === stage)) return;
    if (stage !== stageShown) release();
    stageShown = stage;
    figures.forEach((each) => (each.hidden = each.dataset.stage !== stage));
    all('[data-do="stage"]').forEach((button) => {
      const on = button.dataset.stage === stage;
      button.classList.toggle("on", on);
      button.setAttribute("aria-pressed", String(on));
    });
    const nodes = all(".node", figure());
    nodes.forEach((node, at) => node.setAttribute("tabindex", at ? "-1" : "0"));
  };
  const edgesOf = (key) => all(".edge", figure()).filter(({ dataset: { from, to } }) => from === key || to === key);
  const trace = (key) => {
    all(".hot", board).forEach((part) => part.classList.remove("hot"));
    all(".near", board).forEach((part) => part.classList.remove("near"));
    board.classList.toggle("tracing", Boolean(key));
    if (!key) return;
    edgesOf(key).forEach((edge) => {
      edge.classList.add("hot");
      [edge.dataset.from, edge.dataset.to].forEach((end) => document.getElementById(end)?.classList.add("near"));
    });
    document.getElementById(key).classList.add("near");
  };
  const release = () => {
    picked?.classList.remove("picked");
    picked = undefined;
    if (!board) return;
    panel.hidden = true;
    one(".split", board).classList.remove("open");
    trace();
  };
  const links = (title, keys) => {
    if (!keys.length) return [];
    const list = element("ul", "links");
    [...new Set(keys)].forEach((key) => {
      const node = document.getElementById(key);
      const button = element("button", "", node.dataset.name);
      button.type = "button";
      button.addEventListener("click", () => pick(node, true));
      list.append(element("li"));
      list.lastChild.append(button);
    });
    return [element("h4", "", title), list];
  };
  // Moves the canvas, not the page, and only when the node cannot be seen.
  const reveal = (node) => {
    const canvas = one(".canvas", board);
    const [outer, inner] = [canvas.getBoundingClientRect(), one("rect", node).getBoundingClientRect()];
    const isSeen = inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
    if (isSeen) return;
    canvas.scrollBy({
      left: (inner.left + inner.right - outer.left - outer.right) / 2,
      top: (inner.top + inner.bottom - outer.top - outer.bottom) / 2,
      behavior: "instant",
    });
  };
  const pick = (node, focus) => {
    release();
    const owner = node.closest("figure");
    if (owner.hidden) showStage(owner.dataset.stage);
    picked = node;
    node.classList.add("picked");
    all(".node", owner).forEach((other) => other.setAttribute("tabindex", other === node ? "0" : "-1"));
    trace(node.id);
    const { name, type, stack, change } = node.dataset;
    const close = element("button", "tool close", "×");
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => {
      release();
      node.focus();
    });
    const card = change && document.getElementById(change);
    const about = [close, element("h3", "", name), element("p", "quiet", `${type} · ${stack}`)];
    if (card) {
      const tags = element("p");
      const summary = one("summary", card);
      tags.append(one(".tag", summary).cloneNode(true), " ", ...all(".tags .danger, .tags .notice", summary).flatMap((tag) => [tag.cloneNode(true), " "]));
      const open = element("button", "tool", "Show in the list");
      open.type = "button";
      open.addEventListener("click", () => show(card));
      about.push(tags, one(".body", card).cloneNode(true), open);
      about[about.length - 2].className = "";
    } else {
      about.push(element("p", "", "No change."));
    }
    const edges = edgesOf(node.id);
    const to = edges.filter((edge) => edge.dataset.from === node.id).map((edge) => edge.dataset.to);
    const from = edges.filter((edge) => edge.dataset.to === node.id).map((edge) => edge.dataset.from);
    panel.replaceChildren(...about, ...links("Refers to", to), ...links("Referred to by", from));
    panel.hidden = false;
    panel.scrollTop = 0;
    one(".split", board).classList.add("open");
    if (focus) {
      node.focus({ preventScroll: true });
    }
    reveal(node);
  };
  // The nearest node in a direction; what lies straight ahead is nearer than what lies aside.
  const walk = (key) => {
    const from = picked || one(".node[tabindex='0']", figure());
    const centre = (node) => {
      const box = one("rect", node);
      const number = (name) => Number(box.getAttribute(name));
      return [number("x") + number("width") / 2, number("y") + number("height") / 2];
    };
    const [x, y] = centre(from);
    const ahead = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    const linked = new Set(edgesOf(from.id).flatMap(({ dataset }) => [dataset.from, dataset.to]));
    let best, least = Infinity;
    all(".node", figure()).forEach((node) => {
      if (node === from) return;
      const [there, down] = centre(node);
      const along = (there - x) * ahead[0] + (down - y) * ahead[1];
      if (along < 8) return;
      const aside = Math.abs((there - x) * ahead[1]) + Math.abs((down - y) * ahead[0]);
      const far = along + aside * 2 - (linked.has(node.id) && ahead[0] ? 400 : 0);
      if (far < least) [best, least] = [node, far];
    });
    if (best) pick(best, true);
  };
  if (board) {
    board.addEventListener("click", (event) => {
      const node = event.target.closest(".node");
      if (node) {
        event.preventDefault();
        pick(node);
      } else if (event.target.closest("svg")) {
        release();
      }
    });
    board.addEventListener("pointerover", (event) => {
      if (picked) return;
      trace(event.target.closest?.(".node")?.id);
    });
    board.addEventListener("pointerleave", () => picked || trace());
    const worst = [...figures].sort((a, b) => all(".alert", b).length - all(".alert", a).length || all(".node[href]", b).length - all(".node[href]", a).length)[0];
    showStage(worst.dataset.stage);
    fit();
    if (scale < 0.85) zoom(0.85);
    const worth = one(".node.replace .alert, .node.remove .alert", figure()) || one(".alert", figure()) || one(".node[href]", figure());
    if (worth) reveal(worth.closest(".node"));
  }

  // The list of changes.
  let current;
  const mark = (card) => {
    current?.classList.remove("current");
    current = card;
    card.classList.add("current");
  };
  const show = (card) => {
    if (card.hidden) clear();
    mark(card);
    card.open = true;
    one("summary", card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const shown = all(".change").filter((card) => !card.hidden);
    if (!shown.length) return;
    const at = shown.indexOf(current);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, at + by))];
    mark(next);
    one("summary", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  const swap = () => {
    if (document.activeElement?.closest("#graph") && picked?.dataset.change) {
      show(document.getElementById(picked.dataset.change));
    } else if (board) {
      const id = current?.id;
      const node = (id && one(`.node[data-change="${id}"]`, figure())) || (id && one(`.node[data-change="${id}"]`, board)) || picked || one(".node", figure());
      pick(node, true);
      board.scrollIntoView({ block: "nearest" });
    }
  };
  const follow = () => {
    const card = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (card && card.classList.contains("change")) show(card);
  };
  addEventListener("hashchange", follow);
  follow();
  const opened = [];
  addEventListener("beforeprint", () =>
    all(".change:not([open])").forEach((card) => {
      card.open = true;
      opened.push(card);
    }),
  );
  addEventListener("afterprint", () => opened.splice(0).forEach((card) => (card.open = false)));

  const help = one("#help");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) {
      const { kind, value, stage } = button.dataset;
      ({
        theme: switchTheme,
        help: () => help.showModal(),
        clear,
        filter: () => {
          chosen[kind].has(value) ? chosen[kind].delete(value) : chosen[kind].add(value);
          filter();
        },
        narrow: () => {
          clear();
          if (all('[data-do="filter"][data-kind="stage"]').length) chosen.stage.add(stage);
          chosen[kind].add(value);
          filter();
          one(kind === "category" ? "#dangers-head" : "#changes").scrollIntoView();
        },
        stage: () => showStage(stage),
        "zoom-in": () => zoom(scale * 1.25),
        "zoom-out": () => zoom(scale / 1.25),
        "zoom-fit": fit,
      })[button.dataset.do]();
      return;
    }
    const link = event.target.closest(".item a.id");
    if (link) {
      const card = document.getElementById(link.hash.slice(1));
      if (card) {
        event.preventDefault();
        history.replaceState(null, "", link.hash);
        show(card);
        card.scrollIntoView({ block: "start" });
      }
      return;
    }
    const card = event.target.closest(".change");
    if (card) mark(card);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const isTyping = event.target === field;
    if (event.key === "Escape") {
      if (isTyping && !field.value) field.blur();
      else if (isTyping) clear();
      else if (picked) {
        const node = picked;
        release();
        node.focus();
      } else clear();
      return;
    }
    if (isTyping) {
      if (event.key === "Enter") {
        field.blur();
        step(0);
      }
      return;
    }
    const isInGraph = event.target.closest?.("#graph");
    const on = {
      j: () => step(1),
      k: () => step(-1),
      o: () => current && (current.open = !current.open),
      g: swap,
      t: switchTheme,
      "/": () => field.focus(),
      "?": () => help.showModal(),
    }[event.key];
    if (on) {
      event.preventDefault();
      on();
    } else if (isInGraph && event.key.startsWith("Arrow") && !event.target.closest(".panel")) {
      event.preventDefault();
      walk(event.key);
    } else if (isInGraph && (event.key === "Enter" || event.key === " ") && event.target.closest(".node")) {
      event.preventDefault();
      pick(event.target.closest(".node"), true);
    }
  });
})();

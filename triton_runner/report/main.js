"use strict";
// Puts the parts together: what is selected, the keys, the colours, the address (#3 opens the third pass).

(async () => {
  const find = id => document.getElementById(id);
  let data;
  try {
    data = await Model.load();
  } catch (error) {
    find("code").innerHTML = "<p class=empty>This report cannot be read: the file is damaged, or the browser is older than 2023.</p>";
    throw error;
  }
  let selected = -1;
  const allLines = find("all-lines"), search = find("search"), hits = find("hits"), main = document.querySelector("main");

  function select(index, keep = false) {
    selected = index;
    const item = data.items[index];
    Source.release();
    Code.show(item, { all: allLines.checked, keep });
    List.mark(index);
    List.showDelta(item);
    Source.heat(Model.text(item.after));
    find("pass-name").textContent = item.name;
    find("pass-facts").textContent = item.output ? `${Model.text(item.after).ids.length} lines`
      : `${item.mlir} · ${List.milliseconds(item.seconds)} · ` + (!item.changed ? "changed nothing" : item.plus + item.minus ? `+${item.plus} −${item.minus} lines` : "changed only names and locations");
    if (search.value) showHits();
    history.replaceState(null, "", `#${index + 1}`);
  }

  function showHits(step = 0) {
    const total = Code.search(search.value.trim());
    const [at] = step ? Code.nextHit(step) : [0];
    hits.textContent = search.value.trim() ? (at ? `${at} of ${total}` : `${total} here`) : "";
  }

  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const words = search.value.trim();
      List.showHits(words ? Model.hits(words) : null);
      showHits();
    }, 120);
  });
  search.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    const [at, total] = Code.nextHit(event.shiftKey ? -1 : 1);
    hits.textContent = total ? `${at} of ${total}` : "0 here";
    Source.follow(document.querySelector("#code .here"));
  });

  // ---- header ----
  find("kernel").textContent = data.kernel;
  const options = Object.entries(data.options).map(([name, value]) => `${name}=${value}`).join(" ");
  find("kernel").append(Object.assign(document.createElement("small"), { textContent: `${data.target} · Triton ${data.triton}`, title: options }));
  for (const [label, value] of data.facts) {
    const entry = document.createElement("li");
    entry.append(label + " ", Object.assign(document.createElement("b"), { textContent: value }));
    find("facts").append(entry);
  }

  // ---- colours: those of the system until somebody says otherwise ----
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const store = { get: key => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a page from a file may have no storage */ } } };
  const paint = () => { root.dataset.theme = store.get("triton-runner-theme") || (dark.matches ? "dark" : "light"); };
  dark.addEventListener("change", paint);
  paint();
  const toggleTheme = () => { store.set("triton-runner-theme", root.dataset.theme === "dark" ? "light" : "dark"); root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"; };
  const toggleSource = () => {
    const hidden = main.classList.toggle("no-source");
    find("source").hidden = hidden;
    find("toggle-source").setAttribute("aria-pressed", String(!hidden));
  };
  const toggleAll = () => select(selected, true);
  find("theme").addEventListener("click", toggleTheme);
  find("toggle-source").addEventListener("click", toggleSource);
  find("help").addEventListener("click", () => find("keys").showModal());
  find("next-change").addEventListener("click", () => Source.follow(Code.step(1)));
  find("previous-change").addEventListener("click", () => Source.follow(Code.step(-1)));
  allLines.addEventListener("change", toggleAll);

  // ---- keys ----
  const move = by => select(List.step(selected, by));
  const flip = (box, then) => { box.checked = !box.checked; then(); };
  const KEYS = {
    j: () => move(1), k: () => move(-1), n: () => Source.follow(Code.step(1)), p: () => Source.follow(Code.step(-1)), t: toggleTheme, s: toggleSource,
    c: () => flip(List.only, List.apply), a: () => flip(allLines, toggleAll), "?": () => find("keys").showModal(),
    "/": () => List.filter.focus(), f: () => search.focus(),
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || find("keys").open) return;
    const typing = event.target.matches?.("input[type=search]");
    if (event.key === "Escape") {
      if (typing) { event.target.value = ""; event.target.dispatchEvent(new Event("input")); event.target.blur(); }
      Source.release();
      return;
    }
    if (typing && event.target === List.filter && event.key === "Enter") {
      const first = List.step(-1, 1);
      if (first >= 0) select(first);
      return;
    }
    if (typing) return;
    const arrows = event.target === List.box ? { ArrowDown: "j", ArrowUp: "k" } : {};
    const action = KEYS[arrows[event.key] || event.key];
    if (action) { action(); event.preventDefault(); }
  });

  Source.build(data);
  List.build(data, select);
  const asked = Number(location.hash.slice(1)) - 1;
  const first = data.items.findIndex(item => item.changed);
  select(data.items[asked] ? asked : Math.max(0, first));
  List.box.focus({ preventScroll: true });

  // The counts of the other passes, when nothing else is to be done.
  const later = window.requestIdleCallback || (then => setTimeout(() => then({ timeRemaining: () => 10 }), 20));
  const waiting = data.items.filter(item => item.changed && !item.output);
  const count = deadline => {
    while (waiting.length && deadline.timeRemaining() > 4) {
      const item = waiting.shift();
      Model.rows(item);
      List.showDelta(item);
    }
    if (waiting.length) later(count); else root.dataset.counted = "1";
  };
  later(count);
  requestAnimationFrame(() => setTimeout(() => { root.dataset.ready = performance.now().toFixed(0); }));
})();

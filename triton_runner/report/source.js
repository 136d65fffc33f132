"use strict";
// The Python source on the right, and the link between its lines and those of the module, both ways.
//
// The highlight is one style rule that names a place ("file:line"), so that rows which are made later have it too.

const Source = (() => {
  const box = document.getElementById("python"), tabs = document.getElementById("files");
  const rule = document.head.appendChild(document.createElement("style"));
  let files = [], shown = -1, held = null;

  function build(data) {
    files = data.files;
    const order = files.map((_, index) => index).filter(index => files[index].lines).sort((a, b) => files[b].used - files[a].used);
    for (const index of order) {
      const tab = Object.assign(document.createElement("button"), { textContent: files[index].name, title: files[index].path });
      tab.setAttribute("role", "tab");
      tab.dataset.file = index;
      tab.addEventListener("click", () => open(index));
      tabs.append(tab);
    }
    if (order.length) open(order[0]);
    else box.innerHTML = "<p class=empty>The sources that this kernel was compiled from are not on the machine that made this report.</p>";
  }

  function open(index) {
    if (shown === index || !files[index].lines) return;
    shown = index;
    tabs.querySelectorAll("button").forEach(tab => tab.setAttribute("aria-selected", String(Number(tab.dataset.file) === index)));
    box.innerHTML = files[index].lines.map((line, at) =>
      `<div class=py data-place="${index}:${at + 1}"><span class=no>${at + 1}</span><span class=heat></span>`
      + `<span class=ln>${Highlight.line(line, "python")}</span></div>`).join("");
    fresh = true;
    heat();
  }

  // How many lines of the module each line of Python became.
  let text = null, fresh = false;
  function heat(next = text) {
    text = next;
    if (!text) return;
    const counts = new Map();
    for (const loc of text.locs) for (const [file, line] of Model.chain(loc)) if (file === shown) counts.set(line, (counts.get(line) || 0) + 1);
    const most = Math.max(1, ...counts.values());
    box.querySelectorAll(".py").forEach((element, at) => {
      const count = counts.get(at + 1) || 0;
      element.classList.toggle("used", count > 0);
      element.style.setProperty("--heat", count ? (0.25 + 0.75 * Math.sqrt(count / most)).toFixed(2) : "0");
      element.title = count ? `${count} line${count > 1 ? "s" : ""} of the module` : "";
    });
    const first = box.querySelector(".used");
    if (fresh && first) box.scrollTop = Math.max(0, first.offsetTop - box.offsetTop - 40);  // once for each file
    fresh = fresh && !first;
  }

  // From a line of the module: the lines of its chain; the innermost that lies in a file shown here is scrolled to.
  function point(places, scroll) {
    box.querySelectorAll(".on, .caller").forEach(element => element.classList.remove("on", "caller"));
    if (!places.length) { rule.textContent = ""; return; }
    const rank = place => files[Number(place.split(":")[0])].used;
    const main = places.reduce((best, place) => rank(place) > rank(best) ? place : best, places[0]);
    if (scroll) open(Number(main.split(":")[0]));
    for (const place of places) box.querySelector(`[data-place="${place}"]`)?.classList.add(place === main ? "on" : "caller");
    rule.textContent = `[data-at~="${main}"] { background-image: linear-gradient(var(--veil), var(--veil)); box-shadow: inset 3px 0 var(--link-edge); }`;
    if (scroll) bring(box.querySelector(".on"));
  }

  function bring(line) {
    if (!line) return;
    const area = box.getBoundingClientRect(), at = line.getBoundingClientRect();
    if (at.top < area.top || at.bottom > area.bottom) box.scrollTop += at.top - area.top - area.height / 3;
  }

  const placesOf = cell => (cell.dataset.at || "").split(" ").filter(Boolean);
  const cellOf = event => event.target.closest?.("[data-at]");
  const lineOf = event => event.target.closest?.(".py.used");

  function hold(element, places) {
    document.querySelector(".held")?.classList.remove("held");
    held = held && held.element === element ? null : { element, places };
    if (held) element.classList.add("held");
    point(held ? places : [], true);
  }

  function release() {
    document.querySelector(".held")?.classList.remove("held");
    held = null;
    point([]);
  }

  // Without a mouse: the row that a key has gone to.
  function follow(row) {
    const cell = row?.querySelector(".r[data-at]") || row?.querySelector("[data-at]");
    if (cell && !held) point(placesOf(cell), true);
  }

  const back = () => held ? point(held.places) : point([]);
  Code.box.addEventListener("mouseover", event => { const cell = cellOf(event); if (cell && !held) point(placesOf(cell), true); });
  Code.box.addEventListener("mouseleave", back);
  Code.box.addEventListener("click", event => { const cell = cellOf(event); if (cell && !String(getSelection())) hold(cell, placesOf(cell)); });
  box.addEventListener("mouseover", event => { const line = lineOf(event); if (line && !held) point([line.dataset.place], false); });
  box.addEventListener("mouseleave", back);
  box.addEventListener("click", event => {
    const line = lineOf(event);
    if (!line || String(getSelection())) return;
    hold(line, [line.dataset.place]);
    if (held) Code.revealPlace(line.dataset.place);
  });

  return { build, heat, release, follow };
})();

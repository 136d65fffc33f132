"use strict";
// The module in the middle: rows of the difference, made in chunks as they come into view.

const Code = (() => {
  const CHUNK = 120, CONTEXT = 4, ROW_PX = 18;
  const box = document.getElementById("code");
  let item, shown = [], all = false, single = true, words = "", here = -1, hitRows = [], changeRows = [], change = -1;
  const opened = new Set();
  let watcher;

  function show(next, options) {
    if (item !== next) { opened.clear(); change = -1; here = -1; }
    item = next;
    all = options.all;
    const rows = Model.rows(item);
    single = item.output || item.before === item.after;
    box.classList.toggle("single", single);
    document.getElementById("columns").hidden = single;
    shown = all || single ? rows.map((_, index) => index) : folded(rows);
    changeRows = [];
    rows.forEach((row, index) => {
      if (row.kind !== "same" && (index === 0 || rows[index - 1].kind === "same")) changeRows.push(index);
    });
    layout();
    if (!options.keep) { box.scrollTop = 0; box.scrollLeft = 0; }
  }

  // Indices of rows near a change; a negative number -1-k stands for a fold of rows from k on.
  function folded(rows) {
    const near = new Uint8Array(rows.length), out = [];
    rows.forEach((row, index) => {
      if (row.kind !== "same") near.fill(1, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
    });
    for (let index = 0; index < rows.length;) {
      let end = index;
      while (end < rows.length && !near[end]) end++;
      if (end - index > 2 && !opened.has(index)) out.push(-1 - index);
      else for (let at = index; at < end; at++) out.push(at);
      index = end;
      while (index < rows.length && near[index]) out.push(index++);
    }
    return out;
  }

  function layout() {
    watcher?.disconnect();
    watcher = new IntersectionObserver(entries => entries.forEach(entry => entry.isIntersecting && fill(entry.target)),
      { root: box, rootMargin: "900px" });
    const chunks = [];
    for (let from = 0; from < shown.length; from += CHUNK) {
      const chunk = document.createElement("div");
      chunk.dataset.from = from;
      chunk.style.minHeight = Math.min(CHUNK, shown.length - from) * ROW_PX + "px";
      chunks.push(chunk);
    }
    box.replaceChildren(...chunks);
    chunks.slice(0, 1).forEach(fill);
    chunks.forEach(chunk => watcher.observe(chunk));
    markHits();
  }

  function fill(chunk) {
    if (chunk.dataset.full) return;
    chunk.dataset.full = "1";
    chunk.style.minHeight = "";
    const from = Number(chunk.dataset.from);
    chunk.innerHTML = shown.slice(from, from + CHUNK).map(html).join("");
  }

  function html(index) {
    if (index < 0) {
      const from = -1 - index;
      let to = from;
      const rows = Model.rows(item);
      while (to < rows.length && rows[to].kind === "same") to++;
      const count = (to === rows.length ? to : to - CONTEXT) - from;
      return `<button class=fold data-fold=${from}>⋯ ${count} unchanged lines</button>`;
    }
    const row = Model.rows(item)[index];
    const hit = hitRows.length && hitSet.has(index) ? (index === hitRows[here] ? " hit here" : " hit") : "";
    const now = index === changeRows[change] ? " now" : "";
    return `<div class="row ${row.kind}${hit}${now}" data-row=${index}>`
      + cell("l", row.l, item.before ?? item.after, row.em?.[0]) + cell("r", row.r, item.after, row.em?.[1]) + "</div>";
  }

  function cell(side, line, number, marked) {
    if (line < 0) return `<span class="no ${side}"></span><span class="ln ${side}"></span>`;
    const text = Model.text(number), loc = text.locs[line];
    const places = Model.chain(loc).map(([file, at]) => `${file}:${at}`).join(" ");
    return `<span class="no ${side}">${line + 1}</span>`
      + `<span class="ln ${side}" data-loc=${loc}${places ? ` data-at="${places}"` : ""}>`
      + Highlight.line(text.line(line), item.language, marked) + "</span>";
  }

  // ---- moving about ----

  function reveal(index) {
    let place = shown.indexOf(index);
    if (place < 0) {  // inside a fold
      const fold = shown.filter(at => at < 0 && -1 - at <= index).pop();
      if (fold !== undefined) open(-1 - fold);
      place = shown.indexOf(index);
    }
    const chunk = box.children[Math.floor(place / CHUNK)];
    if (!chunk) return;
    fill(chunk);
    const row = chunk.querySelector(`[data-row="${index}"]`);
    if (row) row.scrollIntoView({ block: "center" });
  }

  function open(from) {
    opened.add(from);
    const top = box.scrollTop;
    shown = folded(Model.rows(item));
    layout();
    box.scrollTop = top;
  }

  function step(by) {
    if (!changeRows.length) return null;
    change = change < 0 && by < 0 ? changeRows.length - 1 : (change + by + changeRows.length) % changeRows.length;
    box.querySelectorAll(".now").forEach(row => row.classList.remove("now"));
    reveal(changeRows[change]);
    const row = box.querySelector(`[data-row="${changeRows[change]}"]`);
    row?.classList.add("now");
    return row;
  }

  // ---- search ----

  let hitSet = new Set();

  function search(text) {
    words = text.toLowerCase();
    here = -1;
    markHits();
    return hitRows.length;
  }

  function markHits() {
    hitRows = [];
    if (words && item) {
      const text = Model.text(item.after);
      Model.rows(item).forEach((row, index) => {
        if (row.r >= 0 && text.line(row.r).toLowerCase().includes(words)) hitRows.push(index);
      });
    }
    hitSet = new Set(hitRows);
    box.querySelectorAll("[data-row]").forEach(row => row.classList.toggle("hit", hitSet.has(Number(row.dataset.row))));
  }

  function nextHit(by) {
    if (!hitRows.length) return [0, 0];
    here = (here + by + hitRows.length) % hitRows.length;
    box.querySelectorAll(".here").forEach(row => row.classList.remove("here"));
    reveal(hitRows[here]);
    box.querySelector(`[data-row="${hitRows[here]}"]`)?.classList.add("here");
    return [here + 1, hitRows.length];
  }

  // The first row that came from this place, brought into view unless one is there already.
  function revealPlace(place) {
    const area = box.getBoundingClientRect();
    const visible = [...box.querySelectorAll(`[data-at~="${place}"]`)].some(cell => {
      const at = cell.getBoundingClientRect();
      return at.bottom > area.top && at.top < area.bottom;
    });
    if (visible) return;
    const text = Model.text(item.after), [file, line] = place.split(":").map(Number);
    const holds = loc => Model.chain(loc).some(([f, l]) => f === file && l === line);
    const index = Model.rows(item).findIndex(row => row.r >= 0 && holds(text.locs[row.r]));
    if (index >= 0) reveal(index);
  }

  box.addEventListener("click", event => {
    const fold = event.target.closest("[data-fold]");
    if (fold) open(Number(fold.dataset.fold));
  });

  return { show, step, search, nextHit, revealPlace, box };
})();

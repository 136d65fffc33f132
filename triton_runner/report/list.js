"use strict";
// The column of passes: stages, what changed, how long it took, the filter.

const List = (() => {
  const box = document.getElementById("passes"), filter = document.getElementById("filter");
  const only = document.getElementById("only-changed"), count = document.getElementById("count");
  const elements = [];
  let items = [], found = null, onSelect = () => {};

  function build(data, select) {
    items = data.items;
    onSelect = select;
    const longest = Math.max(...items.map(item => item.seconds || 0)) || 1;
    let stage = null;
    for (const item of items) {
      if (item.stage !== stage) box.append(heading(stage = item.stage));
      const row = document.createElement("div");
      row.className = "pass" + (item.changed && !item.output ? " changed" : "");
      row.id = `pass-${item.index}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      row.title = item.output ? item.name : `${item.mlir}\n${milliseconds(item.seconds)}${item.changed ? "" : "\nchanged nothing"}`;
      row.innerHTML = `<span class=position>${item.position ?? ""}</span><span class=name></span><span class=delta></span>`
        + (item.seconds > longest / 40 ? `<span class=time style="width:${(item.seconds / longest * 100).toFixed(1)}%"></span>` : "");
      row.querySelector(".name").textContent = item.name;
      row.addEventListener("click", () => onSelect(item.index));
      box.append(row);
      elements.push(row);
    }
    apply();
  }

  function heading(stage) {
    const element = document.createElement("div");
    element.className = "stage";
    element.dataset.stage = stage;
    const seconds = items.filter(item => item.stage === stage).reduce((sum, item) => sum + (item.seconds || 0), 0);
    element.append(stage, Object.assign(document.createElement("span"), { textContent: seconds ? milliseconds(seconds) : "" }));
    return element;
  }

  const milliseconds = seconds => `${(seconds * 1e3).toFixed(seconds < 0.01 ? 2 : 1)} ms`;

  function apply() {
    const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const stages = new Set();
    let visible = 0, changed = 0;
    items.forEach((item, index) => {
      const text = `${item.name} ${item.mlir || ""} ${item.stage}`.toLowerCase();
      const shown = words.every(word => text.includes(word)) && (!only.checked || item.changed) && (!found || found[index] > 0);
      elements[index].hidden = !shown;
      if (shown) { visible++; stages.add(item.stage); }
      if (item.changed && !item.output) changed++;
    });
    box.querySelectorAll(".stage").forEach(element => { element.hidden = !stages.has(element.dataset.stage); });
    const passes = items.filter(item => !item.output).length;
    count.textContent = visible === items.length ? `${passes} passes, ${changed} changed the module` : `${visible} of ${items.length} shown`;
  }

  function mark(selected) {
    elements.forEach((element, index) => element.setAttribute("aria-selected", String(index === selected)));
    box.setAttribute("aria-activedescendant", `pass-${selected}`);
    elements[selected].scrollIntoView({ block: "nearest" });
  }

  // Lines gained and lost, as soon as they are known.
  function showDelta(item) {
    if (item.output || !item.changed) return;
    elements[item.index].querySelector(".delta").innerHTML = `<i>+${item.plus}</i><s>−${item.minus}</s>`;
  }

  function showHits(hits) {
    found = hits;
    elements.forEach((element, index) => {
      element.querySelector(".found")?.remove();
      if (hits && hits[index]) {
        element.querySelector(".delta").insertAdjacentHTML("afterend", `<span class=found>${hits[index]}</span>`);
        element.querySelector(".found").style.gridColumn = "3";
      }
      element.querySelector(".delta").hidden = Boolean(hits);
    });
    apply();
  }

  function step(from, by) {
    for (let at = from + by; at >= 0 && at < items.length; at += by) if (!elements[at].hidden) return at;
    return from;
  }

  filter.addEventListener("input", apply);
  only.addEventListener("change", apply);
  return { build, mark, apply, showDelta, showHits, step, milliseconds, box, filter, only };
})();

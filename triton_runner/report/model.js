"use strict";
// The data of the report: unpacking, lines by number, and what is computed from them once and kept.

const Model = (() => {
  let data, texts, masks;
  const masked = new Map();

  async function load() {
    const packed = atob(document.getElementById("data").textContent.trim());
    const bytes = Uint8Array.from(packed, char => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    data = await new Response(stream).json();
    masks = new Array(data.lines.length);
    texts = data.texts.map(text => ({ ids: text.lines, locs: text.locs, line: index => data.lines[text.lines[index]] }));
    // One list of what can be looked at: passes first, then what the compiler made in the end.
    const outputs = data.outputs.map(output => ({ ...output, stage: "result", after: output.text, changed: true, output: true }));
    data.items = [...data.passes, ...outputs];
    data.items.forEach((item, index) => { item.index = index; item.language = item.output ? item.level : "mlir"; });
    return data;
  }

  const maskOf = id => {
    if (masks[id] === undefined) {
      const text = Diff.mask(data.lines[id]);
      if (!masked.has(text)) masked.set(text, masked.size);
      masks[id] = masked.get(text);
    }
    return masks[id];
  };

  // The rows of an item; for an output, and for a pass that changed nothing, the text as it is.
  function rows(item) {
    if (!item.rows) {
      item.rows = item.output || item.before === item.after
        ? texts[item.after].ids.map((_, index) => ({ kind: "same", l: index, r: index }))
        : Diff.rows(texts[item.before], texts[item.after], maskOf);
      const count = side => item.rows.filter(row => row.kind === side || row.kind === "chg").length;
      item.plus = count("ins");
      item.minus = count("del");
    }
    return item.rows;
  }

  // How many lines of each module hold the words.
  function hits(words) {
    const wanted = words.toLowerCase();
    const holds = data.lines.map(line => line.toLowerCase().includes(wanted));
    return data.items.map(item => texts[item.after].ids.reduce((sum, id) => sum + holds[id], 0));
  }

  return { load, rows, hits, text: number => texts[number], chain: number => data.locs[number], file: number => data.files[number] };
})();

"use strict";
// The difference of two modules, line by line.
//
// A pass that inserts one operation renumbers all values behind it, so lines are aligned with the names of values masked.
// Lines that are alike but for names count as unchanged as long as each name on the left always stands for the same name
// on the right. Alignment: common ends, then lines that are unique on both sides (patience), then a longest common
// subsequence of what lies between, as long as that is small.

const Diff = (() => {
  const VALUE = /%[\w$.-]+(?:#\d+)?|\^bb\d+/g;
  const SMALL = 4e6;

  const mask = text => text.replace(VALUE, name => name[0]);
  const operation = text => (/(?:^|= )\s*"?([a-z_]\w*(?:\.\w+)+)/.exec(text) || /^\s*(\S+)/.exec(text) || ["", ""])[1];

  // [[i, j], ...] of lines that are alike, in order. `a` and `b` hold numbers.
  function align(a, b) {
    const pairs = [], work = [[0, a.length, 0, b.length]];
    while (work.length) {
      let [i, iEnd, j, jEnd] = work.pop();
      while (i < iEnd && j < jEnd && a[i] === b[j]) pairs.push([i++, j++]);
      while (i < iEnd && j < jEnd && a[iEnd - 1] === b[jEnd - 1]) pairs.push([--iEnd, --jEnd]);
      if (i === iEnd || j === jEnd) continue;
      const anchors = patience(a, i, iEnd, b, j, jEnd);
      if (anchors.length) {
        for (const [x, y] of [...anchors, [iEnd, jEnd]]) {
          work.push([i, x, j, y]);
          if (x < iEnd) pairs.push([x, y]);
          [i, j] = [x + 1, y + 1];
        }
      } else if ((iEnd - i) * (jEnd - j) <= SMALL) {
        pairs.push(...subsequence(a, i, iEnd, b, j, jEnd));
      }
    }
    return pairs.sort((x, y) => x[0] - y[0]);
  }

  function patience(a, i, iEnd, b, j, jEnd) {
    const left = uniques(a, i, iEnd), right = uniques(b, j, jEnd), common = [];
    for (const [value, x] of left) if (x >= 0 && right.get(value) >= 0) common.push([x, right.get(value)]);
    return increasing(common.sort((x, y) => x[0] - y[0]));
  }

  // value to its place; -1 where it has several
  function uniques(values, from, to) {
    const places = new Map();
    for (let at = from; at < to; at++) places.set(values[at], places.has(values[at]) ? -1 : at);
    return places;
  }

  // The longest run of pairs whose second numbers grow.
  function increasing(pairs) {
    const tails = [], before = new Array(pairs.length).fill(-1);
    pairs.forEach((pair, index) => {
      let low = 0, high = tails.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (pairs[tails[middle]][1] < pair[1]) low = middle + 1; else high = middle;
      }
      before[index] = low ? tails[low - 1] : -1;
      tails[low] = index;
    });
    const out = [];
    for (let at = tails.length ? tails[tails.length - 1] : -1; at >= 0; at = before[at]) out.push(pairs[at]);
    return out.reverse();
  }

  function subsequence(a, i, iEnd, b, j, jEnd) {
    const n = iEnd - i, m = jEnd - j, width = m + 1, table = new Uint16Array((n + 1) * width);
    for (let x = n - 1; x >= 0; x--)
      for (let y = m - 1; y >= 0; y--)
        table[x * width + y] = a[i + x] === b[j + y] ? table[(x + 1) * width + y + 1] + 1
          : Math.max(table[(x + 1) * width + y], table[x * width + y + 1]);
    const out = [];
    for (let x = 0, y = 0; x < n && y < m;) {
      if (a[i + x] === b[j + y]) out.push([i + x++, j + y++]);
      else if (table[(x + 1) * width + y] >= table[x * width + y + 1]) x++;
      else y++;
    }
    return out;
  }

  // Rows {kind: "same" | "chg" | "del" | "ins", l, r, em}: indices of lines, and what differs inside a changed pair.
  function rows(left, right, masked) {
    const pairs = align(left.ids.map(masked), right.ids.map(masked)), out = [], names = new Names();
    let i = 0, j = 0;
    for (const [x, y] of [...pairs, [left.ids.length, right.ids.length]]) {
      between(left, right, i, x, j, y, out);
      if (x < left.ids.length) {
        const [one, other] = [left.line(x), right.line(y)];
        const em = names.differing(one, other);
        out.push(em[0].length ? { kind: "chg", l: x, r: y, em } : { kind: "same", l: x, r: y });
      }
      [i, j] = [x + 1, y + 1];
    }
    return out;
  }

  // Lines that have no partner. Those with the same operation are shown side by side.
  function between(left, right, i, iEnd, j, jEnd, out) {
    while (i < iEnd || j < jEnd) {
      if (i === iEnd) { out.push({ kind: "ins", l: -1, r: j++ }); continue; }
      const wanted = operation(left.line(i));
      let y = j;
      while (y < jEnd && y - j < 200 && operation(right.line(y)) !== wanted) y++;
      if (y === jEnd || y - j === 200) { out.push({ kind: "del", l: i++, r: -1 }); continue; }
      while (j < y) out.push({ kind: "ins", l: -1, r: j++ });
      out.push({ kind: "chg", l: i, r: j, em: within(left.line(i++), right.line(j++)) });
    }
  }

  // The part of two lines that differs, in whole words: a list of [from, to) for each of them.
  function within(one, other) {
    const limit = Math.min(one.length, other.length);
    let head = 0, tail = 0;
    while (head < limit && one[head] === other[head]) head++;
    while (head > 0 && /[\w.]/.test(one[head - 1])) head--;
    while (tail < limit - head && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
    while (tail > 0 && /[\w.]/.test(one[one.length - tail])) tail--;
    return [[[head, one.length - tail]], [[head, other.length - tail]]];
  }

  // Which value on the right a value on the left stands for.
  class Names {
    constructor() { this.forth = new Map(); this.back = new Map(); }
    // Of two lines that are alike but for names: where the names are that do not stand for each other.
    differing(one, other) {
      const left = [...one.matchAll(VALUE)], right = [...other.matchAll(VALUE)], out = [[], []];
      const heads = /^\s*(?:\^|[\w.]*func\b)/.test(one);  // all names in it are new
      const results = /^\s*%/.test(one) ? one.indexOf(" = ") : -1;
      left.forEach((match, at) => {
        const name = match[0], partner = right[at][0];
        const defined = heads || match.index < results || one.startsWith(" = ", match.index + name.length);
        const known = !defined && (this.forth.has(name) || this.back.has(partner));
        if (known && this.forth.get(name) !== partner) {
          out[0].push([match.index, match.index + name.length]);
          out[1].push([right[at].index, right[at].index + partner.length]);
        }
        if (!known) { this.forth.set(name, partner); this.back.set(partner, name); }
      });
      return out;
    }
  }

  return { rows, mask };
})();

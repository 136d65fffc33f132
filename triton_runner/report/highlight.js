"use strict";
// Syntax colours: a line of text to HTML. Each language is one regular expression whose named groups are the classes of
// code.css; what no group takes stays as it is.

const Highlight = (() => {
  const LANGUAGES = {
    mlir: /(?<c>\/\/.*$)|(?<q>"(?:[^"\\]|\\.)*")|(?<v>%[\w$.-]+(?:[:#]\d+)?)|(?<y>@(?:"[^"]*"|[\w$.-]+)|\^\w+)|(?<a>#[A-Za-z][\w.]*)|(?<t>![A-Za-z][\w.]*|\b(?:tensor|memref|vector|index|none|(?:bf|f|i|si|ui|tf)\d+\w*)\b(?!\s*=)|(?<=x)(?:bf|f|i)\d+\b)|(?<o>\b[a-z_]\w*(?:\.[a-z_]\w*)+)|(?<k>\b(?:module|public|private|attributes|iter_args|to|step|else|do|true|false|dense|loop_annotation)\b)|(?<n>-?\b(?:0x[0-9A-Fa-f]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\b)/g,
    llir: /(?<c>;.*$)|(?<q>c?"(?:[^"\\]|\\.)*")|(?<v>%[\w$.-]+)|(?<y>@(?:"[^"]*"|[\w$.-]+))|(?<a>[#!]\w+)|(?<t>\b(?:i\d+|half|bfloat|float|double|ptr|void|label)\b|<\d+ x \w+>)|(?<k>\b(?:define|declare|attributes|target|source_filename|to|tail|sideeffect|asm|local_unnamed_addr|align|addrspace|nuw|nsw|exact|disjoint|range|noundef|ptx_kernel|amdgpu_kernel|true|false|poison|undef|zeroinitializer)\b)|(?<o>(?<=^\s+|= (?:tail )?|=\s)[a-z]\w*\b)|(?<n>-?\b(?:0x[0-9A-Fa-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b)/g,
    ptx: /(?<c>\/\/.*$|\/\*.*?\*\/)|(?<q>"[^"]*")|(?<v>%[\w.$]+)|(?<k>^\s*\.\w+|@!?%\w+)|(?<o>(?<=^\s+|@!?%\w+ )[a-z][\w.:]*)|(?<t>\.(?:[bfus]\d+(?:x\d)?|pred)\b)|(?<y>\$?L_\w+|\b[A-Za-z_$]\w*(?=:))|(?<n>-?\b(?:0[xfd][0-9A-Fa-f]+|\d+)\b)/g,
    sass: /(?<c>\/\*.*?\*\/|\/\/.*$)|(?<y>^\.\S+|`\([^)]*\))|(?<k>@!?U?P\w+)|(?<o>(?<=\*\/\s+(?:@!?U?P\w+\s+)?)[A-Z][A-Z0-9_.]+)|(?<v>\b(?:U?R\d+|U?RZ|U?P[T\d]|SR_[\w.]+|SB\d)\b(?:\.\w+)*)|(?<n>-?\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?)\b)/g,
    amdgcn: /(?<c>;.*$|\/\/.*$)|(?<q>"[^"]*")|(?<k>^\s*\.\w+)|(?<y>^[.\w$]+(?=:))|(?<o>(?<=^\s+)[a-z]\w*)|(?<v>\b(?:[sva]\d+|[sva]\[[\d:]+\]|vcc|exec|scc|off|m0)\b)|(?<n>-?\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?)\b)/g,
    python: /(?<c>#.*$)|(?<q>[rfbu]*(?:"""|'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))|(?<a>^\s*@[\w.]+)|(?<k>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield|None|True|False)\b)|(?<o>\b(?:tl|ttgl|gl|triton|libdevice)\b(?:\.\w+)*|\b\w+(?=\())|(?<n>\b(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b)/g,
  };
  const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  const escape = text => text.replace(/[&<>]/g, char => ESCAPES[char]);

  // `marked` has [from, to) of each part that differs inside a changed line.
  function line(text, language, marked = []) {
    let html = "", at = 0;
    for (const [from, to] of marked) {
      html += tokens(text.slice(at, from), language) + "<em>" + tokens(text.slice(from, to), language) + "</em>";
      at = to;
    }
    return html + tokens(text.slice(at), language);
  }

  function tokens(text, language) {
    const pattern = LANGUAGES[language];
    if (!pattern) return escape(text);
    let html = "", at = 0;
    for (const match of text.matchAll(pattern)) {
      const kind = Object.keys(match.groups).find(name => match.groups[name] !== undefined);
      if (!match[0]) continue;
      html += escape(text.slice(at, match.index)) + `<span class=${kind}>` + escape(match[0]) + "</span>";
      at = match.index + match[0].length;
    }
    return html + escape(text.slice(at));
  }

  return { line, escape };
})();

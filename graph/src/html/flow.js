// The control flow of one method: blocks downwards, with a card of its own for each cut and each way of a branch.
const NS = document.querySelector("svg").namespaceURI;
function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") node.onclick = value; else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const Measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const family = { mono: style.getPropertyValue("--mono"), sans: style.getPropertyValue("--sans") };
  return (text, size, face = "sans", weight = 400) => {
    context.font = `${weight} ${size}px ${family[face]}`;
    return context.measureText(text).width;
  };
})();

const Code = (() => {
  const words = "as async await break const continue crate dyn else enum false fn for if impl in let loop match mod move mut pub ref return self Self static struct super true type unsafe use where while";
  const token = new RegExp(`(//.*$)|("(?:[^"\\\\]|\\\\.)*"?|'(?:[^'\\\\]|\\\\.)')|\\b(${words.split(" ").join("|")})\\b|\\b(\\d[\\w.]*)`, "g");
  const kinds = ["comment", "string", "keyword", "number"];
  // The pieces of a line, each with what it is.
  function pieces(text) {
    const out = [];
    let at = 0;
    for (const found of text.matchAll(token)) {
      if (found.index > at) out.push(["", text.slice(at, found.index)]);
      out.push([kinds[found.slice(1).findIndex(part => part !== undefined)], found[0]]);
      at = found.index + found[0].length;
    }
    if (at < text.length) out.push(["", text.slice(at)]);
    return out;
  }
  // Breaks a long line where a reader would.
  function wrap(text, most) {
    const out = [];
    let rest = text;
    while (rest.length > most) {
      let cut = -1;
      for (const mark of [" && ", " || ", " = ", ", ", ".", " ", "("]) {
        const at = rest.lastIndexOf(mark, most - mark.length);
        if (at > most * 0.45) { cut = mark === "." || mark[0] === " " && mark !== " = " ? at : at + mark.length; break; }
      }
      if (cut <= 0) cut = most;
      out.push(rest.slice(0, cut).trimEnd());
      rest = "    " + rest.slice(cut).trimStart();
    }
    return [...out, rest];
  }
  const inSvg = text => pieces(text).map(([kind, part]) => kind ? svg("tspan", { class: kind }, part) : part);
  const inHtml = text => pieces(text).map(([kind, part]) => kind ? html("span", { class: kind }, part) : part);
  return { wrap, inSvg, inHtml };
})();

const Flow = (() => {
  const LINE = 18, PAD = 10, MOST = 38;

  function draw(method, marks, sites, open) {
    const nodes = method.blocks.map((block, at) => blockNode(method, block, at, marks));
    const edges = [];
    const join = (from, to, cutting) => edges.push({ from, to, cutting });
    method.blocks.forEach((block, at) => {
      const end = block.end;
      if (end.Goto !== undefined) join(at, end.Goto);
      else if (end.Branch) end.Branch.forEach(([way, target]) => {
        nodes.push(wayNode(way));
        join(at, nodes.length - 1);
        join(nodes.length - 1, target);
      });
      else if (end.Call) {
        nodes.push(siteNode(method.sites[end.Call.site], sites[end.Call.site], open));
        join(at, nodes.length - 1, true);
        join(nodes.length - 1, end.Call.next, true);
      }
    });
    const turned = nodes.map(n => ({ w: n.h, h: n.w })); // the layout runs along x, the page downwards
    const size = Layout.layered(turned, edges, { gap: 40, space: 22, lane: 14, loops: true, spread: true });
    const edge = 26;
    const root = svg("svg", { id: "flow", width: size.h + 2 * edge, height: size.w + 2 * edge, viewBox: `${-edge} ${-edge} ${size.h + 2 * edge} ${size.w + 2 * edge}` });
    root.append(arrow("flow-plain", "plain"), arrow("flow-cut", "cut"));
    for (const e of edges) {
      const tip = e.cutting ? "flow-cut" : "flow-plain";
      root.append(svg("path", { class: e.cutting ? "wire cutting" : "wire", d: Layout.path(e.points, true), "marker-end": `url(#${tip})` }));
    }
    nodes.forEach((node, at) => {
      node.group.setAttribute("transform", `translate(${turned[at].y} ${turned[at].x})`);
      root.append(node.group);
    });
    return root;
  }

  function arrow(id, name) {
    return svg("marker", { id, class: name, viewBox: "0 0 8 8", refX: 7.5, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 0.5L8 4L0 7.5Z" }));
  }

  const mono = (text, size = 12) => Measure(text, size, "mono");

  function blockNode(method, block, at, marks) {
    const returns = block.end === "Return";
    if (!block.lines.length && !returns && at > 0) return smallNode(`block ${at}`);
    const lines = block.lines.flatMap(line => Code.wrap(line.text, MOST).map((text, part) => ({ text, number: part ? "" : line.line, mark: marks.has(line.line) })));
    const gutter = Math.max(20, ...lines.map(l => mono(String(l.number), 11))) + PAD;
    const head = at === 0 ? `block 0 · entry` : `block ${at}`;
    const w = Math.max(120, Measure(head, 11) + (returns ? 90 : 30), ...lines.map(l => gutter + 10 + mono(l.text) + PAD + 4));
    const h = 24 + lines.length * LINE + (lines.length ? 8 : 2);
    const group = svg("g", { class: at === 0 ? "block entry" : "block" }, svg("rect", { class: "body", width: w, height: h, rx: 8 }));
    group.append(svg("text", { class: "small", x: PAD, y: 16 }, head));
    if (returns) group.append(svg("text", { class: "end", x: w - PAD, y: 16, "text-anchor": "end" }, "return"));
    lines.forEach((line, row) => {
      const y = 24 + row * LINE;
      if (line.mark) group.append(svg("rect", { class: "mark", x: 1, y, width: w - 2, height: LINE }));
      group.append(svg("text", { class: "gutter", x: gutter, y: y + 13 }, String(line.number)), svg("text", { class: "code", x: gutter + 10, y: y + 13 }, ...Code.inSvg(line.text)));
    });
    return { w, h, group };
  }

  function smallNode(text) {
    const w = Measure(text, 11) + 24, h = 22;
    const group = svg("g", { class: "block" }, svg("rect", { class: "body", width: w, height: h, rx: 11 }), svg("text", { class: "small", x: w / 2, y: 15, "text-anchor": "middle" }, text));
    return { w, h, group };
  }

  function wayNode(way) {
    const lines = Code.wrap(way, 28);
    const w = Math.max(...lines.map(l => mono(l, 11.5))) + 22, h = 8 + lines.length * 16;
    const group = svg("g", { class: "way" }, svg("rect", { width: w, height: h, rx: Math.min(12, h / 2) }));
    lines.forEach((line, row) => group.append(svg("text", { x: 11, y: 16 + row * 16, style: "white-space:pre" }, ...Code.inSvg(line))));
    return { w, h, group };
  }

  function siteNode(site, calls, open) {
    const word = `${site.kind.toLowerCase()} · line ${site.line}${site.used ? "" : " · result unused"}`;
    const text = Code.wrap(site.text, MOST);
    const rows = [], group = svg("g", { class: "site" });
    const keep = chips(site.live);
    let y = 20, w = Measure(word, 11.5, "sans", 700) + 24 + PAD * 2;
    rows.push(svg("text", { class: "word", x: PAD, y: y - 4 }, `✂ ${word}`));
    text.forEach(line => {
      rows.push(svg("text", { class: "code", x: PAD, y: y + 13 }, ...Code.inSvg(line)));
      w = Math.max(w, mono(line) + PAD * 2);
      y += LINE;
    });
    calls.forEach(call => {
      const name = `→ ${call.to.entity}::${call.to.method}`;
      const row = svg("text", { class: `callee ${call.reasons.length ? "dynamic" : "static"}`, x: PAD, y: y + 14 }, name);
      row.onclick = () => open(call.to);
      rows.push(row);
      w = Math.max(w, Measure(name, 12, "mono", 600) + PAD * 2);
      y += LINE + 1;
    });
    rows.push(svg("text", { class: "small", x: PAD, y: y + 16 }, site.live.length ? "keeps" : "keeps nothing"));
    keep.list.forEach(chip => { chip.group.setAttribute("transform", `translate(${PAD + 38 + chip.x} ${y + 3 + chip.y})`); rows.push(chip.group); });
    w = Math.max(w, keep.w + 38 + PAD * 2);
    const h = y + Math.max(24, keep.h + 8);
    group.append(svg("rect", { class: "body", width: w, height: h, rx: 8 }), ...rows);
    return { w, h, group };
  }

  // Live variables, in rows of a card's width.
  function chips(names) {
    let x = 0, y = 0, w = 0;
    const list = names.map(name => {
      const own = mono(name, 11) + 12;
      if (x > 0 && x + own > 250) { x = 0; y += 21; }
      const chip = { x, y, group: svg("g", { class: "chip" }, svg("rect", { width: own, height: 18, rx: 5 }), svg("text", { x: 6, y: 13 }, name)) };
      x += own + 5;
      w = Math.max(w, x);
      return chip;
    });
    return { list, w, h: names.length ? y + 20 : 0 };
  }

  return { draw, arrow };
})();

// The page: a list of entities, the graph of operators, and a panel for one method.
const read = id => JSON.parse(document.getElementById(id).textContent);
const program = read("program"), drawn = read("drawn");
const byId = id => document.getElementById(id);
const letters = { Read: "R", Write: "W", Create: "C" };
const methods = new Map(); // "Entity.method" to all that is known of it
const keyOf = callee => `${callee.entity}.${callee.method}`;
program.entities.forEach(entity => entity.methods.forEach(method => {
  const at = methods.size, plan = program.plans[at].plan;
  methods.set(`${entity.name}.${method.name}`, { entity, method, plan, kind: plan.Static ? "static" : "dynamic", signature: drawn.signatures[at] });
}));
const planMark = kind => html("i", { class: `plan ${kind}`, title: `${kind} plan` });
const accessMark = access => html("b", { class: `access ${access.toLowerCase()}`, title: access.toLowerCase() }, letters[access]);
const many = (count, one, more) => `${count} ${count === 1 ? one : more}`;
const placeOf = (file, line) => file ? `${file}:${line}` : `line ${line}`;

// The graph: cards with rows, and wires between rows.
const Graph = (() => {
  const HEAD = 46, ROW = 25, root = byId("graph"), view = svg("g");
  const cards = program.entities.map((entity, at) => {
    const key = `${entity.key.name}: ${entity.key.ty}${entity.auto ? " · auto" : ""}`;
    const names = entity.methods.map(m => Measure(m.name, 12.5, "mono") + 74);
    return { entity, at, key, w: Math.ceil(Math.max(150, Measure(entity.name, 14, "sans", 650) + 32, Measure(key, 11, "mono") + 32, ...names)), h: HEAD + entity.methods.length * ROW + (entity.methods.length ? 6 : 0) };
  });
  const cardOf = new Map(cards.map(card => [card.entity.name, card]));
  const port = callee => {
    const row = cardOf.get(callee.entity).entity.methods.findIndex(m => m.name === callee.method);
    return row < 0 ? HEAD / 2 : HEAD + 3 + row * ROW + ROW / 2;
  };
  const wires = drawn.calls.map(call => ({ call, a: cardOf.get(call.from.entity), b: cardOf.get(call.to.entity), out: port(call.from), in: port(call.to) }));
  let bounds = { x: 0, y: 0, w: 1, h: 1 }, at = { x: 0, y: 0, k: 1 };

  // Cards that have nothing to do with each other are laid out apart and put side by side.
  function islands() {
    const group = cards.map((_, at) => at);
    const find = at => group[at] === at ? at : (group[at] = find(group[at]));
    wires.forEach(w => { group[Math.max(find(w.a.at), find(w.b.at))] = Math.min(find(w.a.at), find(w.b.at)); });
    const out = new Map();
    cards.forEach(card => { const g = find(card.at); out.set(g, [...(out.get(g) || []), card]); });
    return [...out.values()];
  }

  function layout() {
    const parts = islands().map(own => {
      const inside = wires.filter(w => own.includes(w.a)).map(w => Object.assign(w, { from: own.indexOf(w.a), to: own.indexOf(w.b) }));
      const area = own.reduce((sum, c) => sum + (c.w + 130) * (c.h + 40), 0);
      const cap = Math.max(Math.sqrt(area / 1.5) * 1.15, ...own.map(c => c.h + 40));
      const size = Layout.layered(own, inside, { gap: 96, space: 36, lane: 9, cap, stretch: true });
      const self = inside.some(w => w.a === w.b) ? 50 : 0;
      return { own, inside, w: size.w + self, h: size.h };
    }).sort((a, b) => b.w * b.h - a.w * a.h);
    const wide = Math.max(...parts.map(p => p.w), Math.sqrt(parts.reduce((sum, p) => sum + (p.w + 60) * (p.h + 60), 0) * 1.7));
    let x = 0, y = 0, tall = 0;
    for (const part of parts) {
      if (x > 0 && x + part.w > wide) { x = 0; y += tall + 56; tall = 0; }
      part.own.forEach(card => { card.x += x; card.y += y; });
      part.inside.forEach(w => { if (w.points) w.points.forEach(p => { p[0] += x; p[1] += y; }); });
      bounds.w = Math.max(bounds.w, x + part.w);
      bounds.h = Math.max(bounds.h, y + part.h);
      x += part.w + 64;
      tall = Math.max(tall, part.h);
    }
  }

  function loopPath(w, place) {
    const x = w.a.x + w.a.w, deep = 24 + place * 9, same = w.out === w.in ? 5 : 0;
    const [y0, y1] = [w.a.y + w.out - same, w.a.y + w.in + same];
    return `M${x} ${y0}C${x + deep * 1.33} ${y0} ${x + deep * 1.33} ${y1} ${x} ${y1}`;
  }

  function drawWires() {
    const loops = new Map();
    for (const w of wires) {
      const kind = w.call.reasons.length ? "dynamic" : "static";
      let d = w.points && Layout.path(w.points);
      if (!d) { const n = loops.get(w.a) || 0; loops.set(w.a, n + 1); d = loopPath(w, n); }
      const names = `${w.call.from.entity}::${w.call.from.method} → ${w.call.to.entity}::${w.call.to.method}`;
      const why = w.call.reasons.map(r => `\n${r.text}, ${placeOf(r.file, r.line)}`).join("");
      w.line = svg("path", { class: `edge ${kind}`, d, "marker-end": `url(#tip-${kind})` });
      const touch = svg("path", { class: "touch", d }, svg("title", {}, `${names}\nline ${w.call.lines.join(", ")}${why}`));
      touch.onpointerenter = () => light([w], [w.a, w.b]);
      touch.onpointerleave = () => relight();
      view.append(w.line, touch);
    }
  }

  function drawCard(card) {
    const { entity, w, h } = card;
    card.group = svg("g", { class: "card", transform: `translate(${card.x} ${card.y})` }, svg("rect", { class: "body", width: w, height: h, rx: 10 }));
    card.group.append(svg("path", { class: "head", d: `M.5 ${HEAD - 1}V10a9.5 9.5 0 0 1 9.5 -9.5H${w - 10}a9.5 9.5 0 0 1 9.5 9.5V${HEAD - 1}Z` }));
    card.group.append(svg("text", { class: "title", x: 14, y: 21 }, entity.name), svg("text", { class: "key mono", x: 14, y: 37 }, card.key));
    if (entity.methods.length) card.group.append(svg("line", { class: "rule", x1: 0.5, x2: w - 0.5, y1: HEAD - 0.5, y2: HEAD - 0.5 }));
    entity.methods.forEach((method, row) => card.group.append(drawRow(card, method, HEAD + 3 + row * ROW)));
    view.append(card.group);
  }

  function drawRow(card, method, y) {
    const key = `${card.entity.name}.${method.name}`, known = methods.get(key), w = card.w;
    const row = svg("g", { class: `row${method.public ? "" : " private"}`, "data-key": key, transform: `translate(0 ${y})` }, svg("rect", { class: "back", x: 4, width: w - 8, height: ROW, rx: 6 }));
    row.append(svg("g", { class: `badge ${method.access.toLowerCase()}`, transform: "translate(12 4)" }, svg("rect", { width: 17, height: 17, rx: 5 }), svg("text", { x: 8.5, y: 12.2 }, letters[method.access])));
    row.append(svg("text", { class: "name mono", x: 38, y: 17 }, method.name), svg("circle", { class: known.kind, cx: w - 17, cy: ROW / 2, r: known.kind === "static" ? 4 : 3.5 }));
    row.append(svg("title", {}, `${known.signature}\n${placeOf(card.entity.file, method.line)}`));
    row.onpointerenter = () => lightMethod(key);
    row.onpointerleave = () => relight();
    row.onclick = () => { if (!moved) location.hash = key; };
    return row;
  }

  let chosen = null, moved = false;
  function light(some, ends) {
    root.classList.add("lit");
    wires.forEach(w => w.line.classList.toggle("on", some.includes(w)));
    cards.forEach(c => c.group.classList.toggle("on", ends.includes(c)));
  }
  function lightMethod(key) {
    const some = wires.filter(w => keyOf(w.call.from) === key || keyOf(w.call.to) === key);
    light(some, [cardOf.get(methods.get(key).entity.name), ...some.flatMap(w => [w.a, w.b])]);
  }
  function relight() { if (chosen) lightMethod(chosen); else root.classList.remove("lit"); }

  function move(to) {
    at = to;
    view.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.k})`);
    root.style.backgroundPosition = `${at.x}px ${at.y}px`;
    byId("zoom").textContent = `${Math.round(at.k * 100)}%`;
  }
  function zoom(by, x = root.clientWidth / 2, y = root.clientHeight / 2) {
    const k = Math.min(3, Math.max(0.08, at.k * by));
    move({ k, x: x - (x - at.x) * k / at.k, y: y - (y - at.y) * k / at.k });
  }
  function fit(only, most = 1.25) {
    const box = only || bounds, margin = 34, foot = Math.max(40, byId("legend").offsetHeight + 10);
    const [w, h] = [root.clientWidth, root.clientHeight - foot];
    const k = Math.max(0.08, Math.min(most, (w - 2 * margin) / box.w, (h - 2 * margin) / box.h));
    move({ k, x: w / 2 - (box.x + box.w / 2) * k, y: h / 2 + 4 - (box.y + box.h / 2) * k });
  }
  // Shows a method with all it calls and is called by, or as much of that as can still be read.
  function choose(key) {
    chosen = key;
    view.querySelectorAll(".row").forEach(row => row.classList.toggle("chosen", row.dataset.key === key));
    relight();
    if (!key) return fit();
    const own = cardOf.get(methods.get(key).entity.name);
    const near = [own, ...wires.filter(w => keyOf(w.call.from) === key || keyOf(w.call.to) === key).flatMap(w => [w.a, w.b])];
    const [x, y] = [Math.min(...near.map(c => c.x)), Math.min(...near.map(c => c.y))];
    fit({ x, y, w: Math.max(...near.map(c => c.x + c.w)) - x, h: Math.max(...near.map(c => c.y + c.h)) - y }, 1.1);
    if (at.k < 0.4) fit(own, 0.8);
  }
  function show(name) { const c = cardOf.get(name); fit({ x: c.x, y: c.y, w: c.w, h: c.h }, 1.1); light([], [c]); }

  function listen() {
    let from = null;
    root.onpointerdown = e => { from = { x: e.clientX - at.x, y: e.clientY - at.y, px: e.clientX, py: e.clientY }; moved = false; };
    root.onpointermove = e => {
      if (!from) return;
      if (!moved && Math.hypot(e.clientX - from.px, e.clientY - from.py) > 4) { moved = true; root.setPointerCapture(e.pointerId); root.classList.add("drag"); }
      if (moved) move({ k: at.k, x: e.clientX - from.x, y: e.clientY - from.y });
    };
    root.onpointerup = root.onpointercancel = () => { from = null; root.classList.remove("drag"); };
    root.addEventListener("wheel", e => {
      e.preventDefault();
      const box = root.getBoundingClientRect();
      zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0016)), e.clientX - box.left, e.clientY - box.top);
    }, { passive: false });
    byId("in").onclick = () => zoom(1.25);
    byId("out").onclick = () => zoom(0.8);
    byId("zoom").onclick = () => zoom(1 / at.k);
    byId("fit").onclick = () => fit();
  }

  for (const kind of ["static", "dynamic"]) root.append(Flow.arrow(`tip-${kind}`, kind));
  root.append(view);
  if (cards.length) { layout(); drawWires(); cards.forEach(drawCard); }
  listen();
  return { fit, choose, show, zoom };
})();

// The panel: one method.
function panel(key) {
  const known = methods.get(key), box = byId("panel");
  box.hidden = !known;
  if (!known) return box.replaceChildren();
  const { entity, method, plan, kind } = known;
  const open = callee => { if (methods.has(keyOf(callee))) location.hash = keyOf(callee); };
  const close = html("button", { class: "close", title: "Close (Esc)", onclick: () => { location.hash = ""; } }, "×");
  const head = html("header", {}, html("h2", {}, html("span", {}, `${entity.name} › `), method.name), html("div", { class: "place" }, placeOf(entity.file, method.line)), close, html("pre", {}, ...Code.inHtml(known.signature)));
  const marks = new Set((plan.Dynamic || []).filter(r => r.file === entity.file).map(r => r.line));
  const toOf = site => site.callees.map(to => drawn.calls.find(c => keyOf(c.from) === key && keyOf(c.to) === keyOf(to)));
  box.style.setProperty("--want", "0px");
  box.replaceChildren(head, planPart(plan, kind, method), callsPart(key, open));
  if (method.blocks.length) {
    const count = `${many(method.blocks.length, "block", "blocks")}, ${many(method.sites.length, "cut", "cuts")}`;
    const flow = Flow.draw(method, marks, method.sites.map(toOf), open);
    const wide = flow.getAttribute("width");
    box.style.setProperty("--want", `${Math.round(wide * 0.9 + 60)}px`);
    flow.style.minWidth = `${wide * 0.66}px`; // smaller could not be read: rather scroll
    box.append(html("section", {}, html("h3", {}, "Blocks", html("span", { class: "tag cut" }, count)), html("div", { class: "scroll" }, flow)));
  }
  box.scrollTop = 0;
}

function planPart(plan, kind, method) {
  const part = html("section", {}, html("h3", {}, "Access plan", html("span", { class: `tag ${kind}` }, kind)));
  const rows = html("ul", { class: "rows" });
  if (plan.Static) {
    part.append(html("p", { class: "say" }, "Every entity a transaction can touch from here is named by its arguments."));
    plan.Static.forEach(entry => {
      const place = entry.source === "Itself" ? "itself"
        : entry.source.Computed ? `at ${entry.source.Computed.text}`
        : `in ${method.params[entry.source.Parameter].name}`;
      rows.append(html("li", {}, html("span", { class: `word ${entry.access.toLowerCase()}` }, entry.access.toLowerCase()), entry.entity, html("span", { class: "where" }, place)));
    });
  } else {
    part.append(html("p", { class: "say" }, "Which entities a transaction touches from here is known only as it runs, because:"));
    plan.Dynamic.forEach(reason => {
      const words = html("span", {}, ...reason.text.split("`").map((text, at) => at % 2 ? html("code", {}, text) : text));
      rows.append(html("li", {}, words, html("span", { class: "where" }, placeOf(reason.file, reason.line))));
    });
  }
  part.append(rows);
  return part;
}

function callsPart(key, open) {
  const part = html("section", {});
  for (const [word, near, far] of [["calls", "from", "to"], ["called by", "to", "from"]]) {
    const some = drawn.calls.filter(call => keyOf(call[near]) === key);
    if (!some.length) continue;
    part.append(html("div", { class: "links" }, html("span", {}, word), html("div", {}, ...some.map(call =>
      html("button", { class: call.reasons.length ? "dynamic" : "static", onclick: () => open(call[far]) }, `${call[far].entity}::${call[far].method}`)))));
  }
  part.hidden = !part.children.length;
  return part;
}

// The list, narrowed by the search.
function list() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = text => words.every(word => text.toLowerCase().includes(word));
  const sections = program.entities.map(entity => {
    const own = entity.methods.filter(m => fits(`${entity.name} ${m.name}`));
    if (!own.length && !fits(entity.name)) return null;
    const title = html("button", { class: "entity", onclick: () => { history.replaceState(null, "", "#"); go(); Graph.show(entity.name); } }, entity.name, html("span", {}, String(entity.methods.length)));
    return html("section", {}, title, ...own.map(m => {
      const key = `${entity.name}.${m.name}`;
      const names = `method${m.public ? "" : " private"}${location.hash.slice(1) === key ? " chosen" : ""}`;
      return html("button", { class: names, onclick: () => { location.hash = key; } }, accessMark(m.access), m.name, planMark(methods.get(key).kind));
    }));
  }).filter(Boolean);
  const box = byId("list");
  box.replaceChildren(...(sections.length ? sections : [html("p", {}, program.entities.length ? "Nothing of this name." : "No entities.")]));
  box.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
}

function legend() {
  const line = kind => { const s = svg("svg", { width: 26, height: 8 }); s.append(svg("line", { class: `edge ${kind}`, x1: 0, x2: 26, y1: 4, y2: 4 })); return s; };
  const entry = (mark, text) => html("span", {}, mark, text);
  byId("legend").append(entry(accessMark("Read"), "reads"), entry(accessMark("Write"), "writes"), entry(accessMark("Create"), "creates"), entry(planMark("static"), "static plan"), entry(planMark("dynamic"), "dynamic plan"), entry(line("static"), "call named by arguments"), entry(line("dynamic"), "call known at run time"));
}

function go() {
  const key = decodeURIComponent(location.hash.slice(1)), known = methods.has(key) ? key : null;
  panel(known);
  list();
  Graph.choose(known);
}

const dynamic = [...methods.values()].filter(m => m.kind === "dynamic").length;
byId("counts").append(html("div", {}, `${many(program.entities.length, "entity", "entities")}, ${many(methods.size, "method", "methods")}`), html("div", {}, html("span", {}, planMark("static"), `${methods.size - dynamic} static`), html("span", {}, planMark("dynamic"), `${dynamic} dynamic`)));
byId("search").oninput = list;
window.onhashchange = go;
window.onresize = () => Graph.choose(methods.has(location.hash.slice(1)) ? location.hash.slice(1) : null);
window.onkeydown = e => {
  const typing = e.target.tagName === "INPUT";
  if (e.key === "/" && !typing) { e.preventDefault(); byId("search").focus(); }
  else if (e.key === "Escape") { if (typing) { byId("search").value = ""; list(); e.target.blur(); } else location.hash = ""; }
  else if (!typing && !e.ctrlKey && !e.metaKey && !e.altKey) ({ "+": () => Graph.zoom(1.25), "-": () => Graph.zoom(0.8), f: () => Graph.fit() })[e.key]?.();
};
legend();
go();

// Layered drawing: nodes in columns, edges from column to column through lanes of their own, so that no edge
// crosses a node and no node another. `x` is the main axis; whoever draws downwards swaps the axes.
const Layout = (() => {
  // nodes: [{w, h}]; edges: [{from, to, out?, in?}], where `out` and `in` are port offsets from the node's top.
  // Sets x and y of every node and `points` of every edge; returns {w, h}.
  function layered(nodes, edges, options) {
    const o = { gap: 110, space: 36, lane: 10, cap: Infinity, loops: false, spread: false, ...options };
    const real = nodes.map((node, at) => Object.assign(node, { at, lane: 0, links: [] }));
    const inner = edges.filter(e => e.from !== e.to || o.loops);
    orient(real, inner, o);
    rank(real, inner, o);
    const columns = lanes(real, inner, o);
    order(columns);
    place(columns, inner, o);
    if (o.loops) { rails(columns, inner, o); spread(columns, inner); }
    return route(columns, edges, inner, o);
  }

  // Edges that close a cycle are marked `back`, found by a walk in depth from the likeliest sources.
  function orient(nodes, edges, o) {
    const next = nodes.map(() => []), weight = nodes.map(() => 0);
    edges.forEach(e => { next[e.from].push(e); e.back = false; weight[e.from] += 1; weight[e.to] -= 1; });
    const state = nodes.map(() => 0);
    const roots = nodes.map((_, at) => at);
    if (!o.loops) roots.sort((a, b) => weight[b] - weight[a] || a - b);
    const visit = at => {
      state[at] = 1;
      for (const e of next[at]) {
        if (state[e.to] === 1) e.back = true;
        else if (state[e.to] === 0) visit(e.to);
      }
      state[at] = 2;
    };
    roots.forEach(at => { if (state[at] === 0) visit(at); });
  }

  const ends = e => e.back ? [e.to, e.from] : [e.from, e.to];

  // A node comes after all its predecessors, in the first column that is not full.
  function rank(nodes, edges, o) {
    const before = nodes.map(() => new Set()), after = nodes.map(() => new Set());
    edges.forEach(e => {
      const [a, b] = ends(e);
      if (a !== b) { before[b].add(a); after[a].add(b); }
    });
    const height = [], done = new Set();
    const fits = (column, node) => !height[column] || height[column] + node.h + o.space <= o.cap;
    while (done.size < nodes.length) {
      const ready = nodes.filter(n => !done.has(n.at) && [...before[n.at]].every(p => done.has(p)));
      ready.sort((a, b) => after[b.at].size - after[a.at].size || a.at - b.at);
      for (const node of ready) {
        node.column = Math.max(0, ...[...before[node.at]].map(p => nodes[p].column + 1));
        while (!fits(node.column, node)) node.column += 1;
        height[node.column] = (height[node.column] || 0) + node.h + o.space;
        done.add(node.at);
      }
    }
    for (const node of [...nodes].reverse()) { // a source moves up to what it leads to
      if (before[node.at].size || !after[node.at].size) continue;
      const column = Math.min(...[...after[node.at]].map(s => nodes[s].column)) - 1;
      if (column > node.column && fits(column, node)) {
        height[node.column] -= node.h + o.space;
        height[column] = (height[column] || 0) + node.h + o.space;
        node.column = column;
      }
    }
  }

  // Where an edge passes a column there is a lane; edges between the same two nodes share it side by side.
  function lanes(nodes, edges, o) {
    const count = Math.max(0, ...nodes.map(n => n.column)) + 1;
    const columns = Array.from({ length: count }, () => []);
    nodes.forEach(n => columns[n.column].push(n));
    const shared = new Map();
    for (const e of edges) {
      const [a, b] = ends(e).map(at => nodes[at]);
      const loop = e.back && o.loops;
      const name = `${a.at} ${b.at}`;
      e.chain = [a];
      if (loop) { // a rail beside all columns from head to tail, found when these stand
        e.rail = Array.from({ length: b.column - a.column + 1 }, (_, at) => ({ w: 0, h: o.lane, column: a.column + at, lane: o.lane, links: [] }));
        e.chain.push(...e.rail);
      }
      const [first, last] = [a.column + 1, loop ? -1 : b.column - 1];
      for (let column = first; column <= last; column += 1) {
        const id = `${name} ${column}`;
        if (!shared.has(id)) {
          shared.set(id, { w: 0, h: 0, column, lane: o.lane, links: [] });
          columns[column].push(shared.get(id));
        }
        shared.get(id).h += o.lane;
        e.chain.push(shared.get(id));
      }
      e.chain.push(b);
      e.slots = e.chain.map(n => n.lane ? n.h - n.lane / 2 : null);
      e.ports = e.chain.map((n, at) => n.lane ? e.slots[at] : portOf(e, n, at === 0));
      for (let at = 1; at < e.chain.length && !loop; at += 1) {
        const link = { e, at, from: e.chain[at - 1], to: e.chain[at] };
        link.weight = link.from.lane && link.to.lane ? 8 : link.from.lane || link.to.lane ? 2 : 1;
        link.from.links.push(link);
        link.to.links.push(link);
      }
    }
    return columns;
  }

  function portOf(e, node, first) {
    const port = first !== e.back ? e.out : e.in;
    return port === undefined ? node.h / 2 : port;
  }

  const offset = (link, node) => link.e.ports[link.from === node ? link.at - 1 : link.at];
  const other = (link, node) => link.from === node ? link.to : link.from;

  // Sweeps to and fro, each column by the mean place of its neighbours; the fewest crossings win.
  function order(columns) {
    const number = () => columns.forEach(c => c.forEach((n, at) => { n.place = at; }));
    const spot = (link, node) => node.place + offset(link, node) / (node.h + 1);
    number();
    let best = null, least = Infinity;
    const keep = () => {
      const crossings = crossed(columns, spot);
      if (crossings < least) { least = crossings; best = columns.map(c => [...c]); }
    };
    keep();
    for (let sweep = 0; sweep < 40 && least > 0; sweep += 1) {
      const side = sweep % 2 ? 1 : -1;
      const way = side < 0 ? columns : [...columns].reverse();
      for (const column of way) {
        for (const node of column) {
          const near = node.links.filter(l => other(l, node).column === node.column + side);
          const sum = near.reduce((s, l) => s + spot(l, other(l, node)) - offset(l, node) / (node.h + 1), 0);
          node.mean = near.length ? sum / near.length : node.place;
        }
        column.sort((a, b) => a.mean - b.mean || a.place - b.place);
        column.forEach((n, at) => { n.place = at; });
      }
      keep();
    }
    best.forEach((c, at) => { columns[at] = c; });
    number();
  }

  function crossed(columns, spot) {
    let count = 0;
    for (const column of columns) {
      const wires = column.flatMap(n => n.links.filter(l => l.from === n && l.to.column === n.column + 1 || l.to === n && l.from.column === n.column + 1)
        .map(l => [spot(l, n), spot(l, other(l, n))]));
      for (let i = 0; i < wires.length; i += 1) {
        for (let j = 0; j < i; j += 1) {
          if ((wires[i][0] - wires[j][0]) * (wires[i][1] - wires[j][1]) < 0) count += 1;
        }
      }
    }
    return count;
  }

  // Every node goes as near to its neighbours as the order in its column allows.
  function place(columns, edges, o) {
    for (const column of columns) {
      let y = 0;
      for (const node of column) { node.y = y; y += node.h + o.space; }
      column.forEach(n => { n.y -= y / 2; });
    }
    for (let pass = 0; pass < 48; pass += 1) {
      if (o.spread) spread(columns, edges);
      for (const column of pass % 2 ? [...columns].reverse() : columns) settle(column, o);
    }
    if (o.spread) spread(columns, edges);
  }

  // The least squares solution under the order: neighbours that would overlap move together as one.
  function settle(column, o) {
    const groups = [];
    let sum = 0;
    column.forEach((node, at) => {
      const before = column[at - 1];
      if (before) sum += before.h + (before.lane || node.lane ? Math.min(o.space, 20) : o.space);
      let weight = 0.02, want = 0.02 * node.y;
      for (const link of node.links) {
        const far = other(link, node);
        weight += link.weight;
        want += link.weight * (far.y + offset(link, far) - offset(link, node));
      }
      groups.push({ weight, want: want / weight - sum, nodes: [[node, sum]] });
      while (groups.length > 1 && groups[groups.length - 1].want < groups[groups.length - 2].want) {
        const b = groups.pop(), a = groups.pop();
        const both = a.weight + b.weight;
        groups.push({ weight: both, want: (a.want * a.weight + b.want * b.weight) / both, nodes: [...a.nodes, ...b.nodes] });
      }
    });
    groups.forEach(g => g.nodes.forEach(([node, sum]) => { node.y = g.want + sum; }));
  }

  // Loops run back on the nearer side of what they pass; inner ones first, so that outer ones go round them.
  function rails(columns, edges, o) {
    const length = e => e.rail.length;
    for (const e of edges.filter(each => each.rail).sort((a, b) => length(a) - length(b))) {
      const passed = e.rail.flatMap(lane => columns[lane.column]);
      const low = Math.min(...passed.map(n => n.y)) - o.lane - 12, high = Math.max(...passed.map(n => n.y + n.h)) + 12;
      const [head, tail] = [e.chain[0], e.chain[e.chain.length - 1]];
      const far = y => Math.abs(y - head.y - head.h / 2) + Math.abs(y - tail.y - tail.h / 2);
      const y = far(low) < far(high) ? low : high;
      e.rail.forEach(lane => { lane.y = y; columns[lane.column].push(lane); });
    }
  }

  // Ports along a side, in the order of where their edges lead.
  function spread(columns, edges) {
    for (const node of columns.flat().filter(n => !n.lane)) {
      for (const outwards of [true, false]) {
        const own = edges.filter(e => e.chain[outwards !== e.back ? 0 : e.chain.length - 1] === node && (outwards ? node.at === e.from : node.at === e.to));
        const end = e => outwards !== e.back ? 0 : e.chain.length - 1;
        const far = e => { const at = end(e) ? end(e) - 1 : 1; return e.rail && e.rail[0].y === undefined ? node.y : e.chain[at].y + e.ports[at]; };
        own.sort((a, b) => far(a) - far(b));
        const step = Math.min(46, node.h / (own.length + 1));
        own.forEach((e, at) => { e.ports[end(e)] = node.h / 2 + (at - (own.length - 1) / 2) * step; });
      }
    }
  }

  function route(columns, edges, inner, o) {
    let x = 0;
    const top = Math.min(...columns.flat().map(n => n.y));
    const left = [], right = [];
    columns.forEach((column, at) => {
      const w = Math.max(0, ...column.map(n => n.w));
      const wires = inner.filter(e => { const [a, b] = [e.chain[0], e.chain[e.chain.length - 1]]; return a.column <= at && b.column > at; }).length;
      left[at] = x; right[at] = x + w;
      column.forEach(n => { n.x = x; n.y -= top; if (o.stretch && !n.lane) n.w = w; });
      x += w + o.gap + (o.loops ? 0 : Math.min(90, wires * 5));
    });
    for (const e of inner) {
      const ys = e.chain.map((n, at) => n.y + e.ports[at]);
      const last = e.chain.length - 1, points = [];
      if (e.rail) { // out of the tail, round to the rail, along it, and round into the head
        const [head, tail] = [e.chain[0], e.chain[last]];
        points.push([tail.x + tail.w, ys[last]], [right[tail.column], ys[last], "turn+"], [right[tail.column], ys[1]]);
        points.push([left[head.column], ys[1], "turn-"], [head.x, ys[0]]);
      } else e.chain.forEach((n, at) => {
        if (at > 0) points.push([left[n.column], ys[at]]);
        if (at < last && !n.lane) points.push([n.x + n.w, ys[at]]);
        if (at < last) points.push([right[n.column], ys[at]]);
      });
      if (e.back && !e.rail) points.reverse();
      e.points = points.filter((p, at) => at === 0 || p[2] || p[0] !== points[at - 1][0] || p[1] !== points[at - 1][1]);
    }
    const all = columns.flat();
    return { w: Math.max(...right), h: Math.max(...all.map(n => n.y + n.h)) };
  }

  // Draws straight pieces as lines and the others as curves that stay between two columns.
  function path(points, swap) {
    const p = (x, y) => swap ? `${round(y)} ${round(x)}` : `${round(x)} ${round(y)}`;
    let d = `M${p(points[0][0], points[0][1])}`;
    for (let at = 1; at < points.length; at += 1) {
      const [x0, y0, turn] = points[at - 1], [x1, y1] = points[at];
      if (turn) {
        const deep = turn === "turn+" ? Math.max(x0, x1) + 30 : Math.min(x0, x1) - 30;
        d += `C${p(deep, y0)} ${p(deep, y1)} ${p(x1, y1)}`;
      } else if (x0 === x1 && y0 === y1) continue;
      else if (Math.abs(y0 - y1) < 0.5) d += `L${p(x1, y1)}`;
      else { const mid = (x0 + x1) / 2; d += `C${p(mid, y0)} ${p(mid, y1)} ${p(x1, y1)}`; }
    }
    return d;
  }
  const round = n => Math.round(n * 10) / 10;

  return { layered, path };
})();

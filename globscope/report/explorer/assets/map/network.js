// A landscape of any dimension as a network: minima side by side as in the merge tree, and an arc for every pass.
const FURTHER = 3;  // passes that are drawn of a minimum besides the tree's: its lowest ones

const NETWORK_PICTURE = {
  window(view) {
    const {leaves, passes} = networkOf(view);
    const heights = [...leaves.map(leaf => view.values[leaf]), ...passes.map(pass => pass.height)].map(view.scale.unit);
    const low = Math.min(...heights, 1), high = Math.max(...heights, 0);
    return [-0.7, Math.max(leaves.length, 1) - 0.3, low - 0.1 * (high - low || 1), high + 0.08 * (high - low || 1)];
  },
  place: () => null,
  base(g, view) {
    if (!view.small) { drawNetworkAxis(g, view); drawKey(g, view); }
    clipToFrame(g, view.frame, () => drawArcs(g, view));
  },
  runs: () => {},
  overlay(g, view) {
    const {leaves} = networkOf(view), names = [];
    leaves.forEach((leaf, x) => {
      const place = [view.frame.x(x), view.frame.y(view.scale.unit(view.values[leaf]))], on = leaf === state.branch;
      drawMark(g, 'minimum', ...place, (leaves.length > 60 || view.small ? 5 : 10) * (on ? 1.4 : 1), look.minimum, on ? [[look.edge, 1], [pageColour('--hot'), 2]] : [[look.edge, 1]]);
      names.push({x: place[0], y: place[1] + 2, text: leafName(view.map, leaf), colour: pageColour('--ink'), on});
    });
    if (!view.small) drawNames(g, placeNames(names.filter(name => name.text).sort((a, b) => b.on - a.on), {...view.frame, up: view.frame.up + 30}));
  },
  at(view, px) {
    const {leaves} = networkOf(view), x = Math.round(view.frame.atX(px));
    return leaves[x] ?? -1;
  },
};

// Return the minima in the order of the tree's leaves, and the passes between basins that touch: {from, to, height, joins}.
function networkOf(view) {
  const tree = treeOn(view.map);
  return rememberLatest(view.map, 'network', [tree, view.values], () => {
    const leaves = leafOrder(tree), touching = touchingBasins(tree, view), passes = joiningPasses(touching), count = new Map();
    for (const pass of touching) {
      const busy = [pass.from, pass.to].map(minimum => count.get(minimum) || 0);
      if (pass.joins || Math.min(...busy) >= FURTHER) continue;
      passes.push(pass);
      [pass.from, pass.to].forEach((minimum, k) => count.set(minimum, busy[k] + 1));
    }
    return {leaves, passes, places: new Map(leaves.map((leaf, x) => [leaf, x]))};
  });
}

// Return the minima in an order in which no two lines of the tree cross.
function leafOrder(tree) {
  const leaves = [], open = [...tree.roots].reverse();
  while (open.length) {
    const arc = tree.arcs[open.pop()];
    if (!arc.kids.length) leaves.push(arc.vertex);
    open.push(...[...arc.kids].reverse());
  }
  return leaves;
}

// Return the names of the runs that end in a minimum's basin.
function leafName(map, leaf) {
  const tree = treeOn(map), runs = runsByArc(map).get(tree.leaves.find(arc => tree.arcs[arc].vertex === leaf)) || [];
  return runs.length > 3 ? `${runs.length} runs` : runs.map(run => map.study.variants[run]).join(', ');
}

// Return, for every two basins that touch, the lowest height at which samples of both are neighbours; lowest first.
function touchingBasins(tree, {map, values}) {
  const basin = sample => basinAt(tree, sample), {samples, most, around} = neighboursOn(map, neighbourhoodOn(map)), into = new Int32Array(most), lowest = new Map();
  for (let sample = 0; sample < samples; sample++) {
    const own = basin(sample), count = own < 0 ? 0 : around(sample, into);
    for (let k = 0; k < count; k++) {
      const other = basin(into[k]), height = Math.max(values[sample], values[into[k]]);
      if (other < 0 || other <= own) continue;
      const key = own * samples + other;
      if (!(lowest.get(key)?.height <= height)) lowest.set(key, {from: own, to: other, height, joins: false});
    }
  }
  return [...lowest.values()].sort((a, b) => a.height - b.height);
}

// Mark and return the passes of a minimum spanning tree (Kruskal, 1956): their heights are the tree's saddles.
function joiningPasses(touching) {
  const part = new Map(), root = minimum => { while (part.has(minimum)) minimum = part.get(minimum); return minimum; };
  return touching.filter(pass => {
    const [one, other] = [root(pass.from), root(pass.to)];
    pass.joins = one !== other;
    if (pass.joins) part.set(one, other);
    return pass.joins;
  });
}

// Draw every pass as an arc from one minimum up to its height and down to the other: those of the tree strong.
function drawArcs(g, view) {
  const {passes, places} = networkOf(view), crowd = places.size > 60 || view.small;
  for (const {from, to, height, joins} of [...passes].sort((a, b) => a.joins - b.joins)) {
    const points = Array.from({length: 41}, (_, k) => {
      const share = k / 40, low = view.scale.unit(view.values[share < 0.5 ? from : to]), rise = Math.sin(Math.PI * share);
      return [view.frame.x(places.get(from) + (places.get(to) - places.get(from)) * share), view.frame.y(low + (view.scale.unit(height) - low) * rise)];
    });
    drawLine(g, points, {colour: pageColour(joins ? '--stem' : '--edge'), width: (joins ? 1.8 : 0.8) * (crowd ? 0.5 : 1), alpha: joins ? 1 : 0.7});
    if (joins) drawMark(g, 'saddle', ...points[20], crowd ? 2.6 : 5.5, look.saddle);
  }
}

function drawNetworkAxis(g, view) {
  const {frame, scale} = view;
  for (const value of scale.ticks()) {
    const y = frame.y(scale.unit(value));
    if (y < frame.top || y > frame.top + frame.up) continue;
    drawLine(g, [[frame.left, y], [frame.left + frame.across, y]], {colour: pageColour('--line'), width: 1});
    drawWords(g, formatNumber(value), frame.left - 6, y, pageColour('--faint'), {halo: '', font: wordsFont(false), align: 'right'});
  }
  drawWords(g, "An arc's top is the height of a pass; left and right mean nothing.", frame.left, frame.top + frame.up + 22, pageColour('--faint'), {halo: '', font: wordsFont(false)});
}

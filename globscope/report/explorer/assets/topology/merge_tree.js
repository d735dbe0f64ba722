// The merge tree of the persistent branches, at any threshold without another sweep; basins and passes. No DOM.
// The same pairs, basins and nodes as `globscope/topology/tree.py`.

// The persistence of every branch; infinite for those that never die.
function persistences(full, heights) {
  return Float64Array.from(full.births, (birth, branch) =>
    full.deaths[branch] < 0 ? Infinity : heights[full.deaths[branch]] - heights[birth]);
}

// The tree of the branches with more than this persistence. A removed branch is flooded up to its death and becomes part
// of the branch that continues there. An *arc* is the part of a branch between two nodes; arcs are numbered by the place
// of their lower ends in the sweep, so that an arc's number is below its parent's.
function simplify(full, lifetimes, threshold) {
  const kept = branch => lifetimes[branch] > threshold;
  const home = homeBranches(full, kept), arcOf = arcsOfSegments(full, kept);
  const arcs = [], number = new Int32Array(arcOf.length).fill(-1);
  arcOf.forEach((arc, segment) => { if (arc === segment) number[segment] = arcs.push(newArc(full, segment)) - 1; });
  const tree = {full, threshold, arcs, home, arcOf: arcOf.map(segment => number[segment])};
  joinArcs(tree, kept);
  tree.leaves = arcs.flatMap((arc, k) => arc.kids.length ? [] : [k]);
  tree.roots = arcs.flatMap((arc, k) => arc.up < 0 ? [k] : []);
  return tree;
}

// The kept branch that each one belongs to.
function homeBranches(full, kept) {
  const home = new Int32Array(full.births.length);
  for (let branch = 0; branch < home.length; branch++) home[branch] = kept(branch) ? branch : home[full.elders[branch]];
  return home;
}

// The segment that begins the arc of each segment.
function arcsOfSegments(full, kept) {
  const {branches, before, into, starts, tops, deaths} = full, count = branches.length, node = new Uint8Array(count);
  into.forEach((segment, branch) => { if (segment >= 0 && kept(branch)) node[segment] = 1; });
  const arcOf = new Int32Array(count);
  for (let k = 0; k < count; k++) if (kept(branches[k])) arcOf[k] = node[k] || before[k] < 0 ? k : arcOf[before[k]];
  // What a removed branch is flooded to begins later, so that it is known by now.
  // Nothing leads up from a component's last sample: what is flooded to it belongs to the arc below.
  const isLast = segment => deaths[branches[segment]] < 0 && starts[segment] === tops[branches[segment]];
  for (let k = count - 1; k >= 0; k--) {
    if (kept(branches[k])) continue;
    const arc = arcOf[into[branches[k]]];
    arcOf[k] = isLast(arc) ? arcOf[before[arc]] : arc;
  }
  return arcOf;
}

function newArc(full, segment) {
  return {vertex: full.starts[segment], branch: full.branches[segment], top: -1, up: -1, kids: [], own: 0, size: 0};
}

// Give every arc its parent, its upper end, the arcs that meet where it begins, and its samples' numbers.
function joinArcs(tree, kept) {
  const {full, arcs, arcOf} = tree, latest = new Map();
  full.counts.forEach((count, segment) => { arcs[arcOf[segment]].own += count; });
  arcs.forEach((arc, k) => {
    if (latest.has(arc.branch)) joinArc(tree, latest.get(arc.branch), k);
    latest.set(arc.branch, k);
  });
  for (const [branch, k] of latest) {
    if (full.deaths[branch] >= 0) joinArc(tree, k, arcOf[full.into[branch]]);
    else arcs[k].top = full.tops[branch];
  }
  for (const arc of arcs) {
    arc.kids.sort((a, b) => arcs[a].branch - arcs[b].branch);
    arc.size = arc.kids.reduce((sum, kid) => sum + arcs[kid].size, arc.own);
  }
}

function joinArc(tree, arc, up) {
  tree.arcs[arc].up = up;
  tree.arcs[arc].top = tree.arcs[up].vertex;
  tree.arcs[up].kids.push(arc);
}

// The arc of a sample; −1 if it was left out.
function arcAt(tree, sample) { return sample < 0 || tree.full.segment[sample] < 0 ? -1 : tree.arcOf[tree.full.segment[sample]]; }

// The vertex of the minimum in whose basin a sample lies; −1 if it was left out. Above a saddle this is the lowest of
// the basins that meet there.
function basinAt(tree, sample) {
  const branch = tree.full.own[sample];
  return branch < 0 ? -1 : tree.full.births[tree.home[branch]];
}

// Marks of all arcs at and below one.
function arcsBelow(tree, arc) {
  const marks = new Uint8Array(tree.arcs.length), open = arc < 0 ? [] : [arc];
  while (open.length) {
    const next = open.pop();
    marks[next] = 1;
    open.push(...tree.arcs[next].kids);
  }
  return marks;
}

// The highest sample on the lowest way between two samples, which no other way stays below; −1 where there is no way.
function passVertex(full, first, second) {
  const {own, place, deaths, elders} = full;
  if (first < 0 || second < 0 || own[first] < 0 || own[second] < 0) return -1;
  let one = own[first], other = own[second], top = place[first] > place[second] ? first : second;
  while (one !== other) {
    const death = branch => deaths[branch] < 0 ? Infinity : place[deaths[branch]];
    if (death(one) > death(other)) [one, other] = [other, one];
    if (deaths[one] < 0) return -1;
    if (place[deaths[one]] > place[top]) top = deaths[one];
    one = elders[one];
  }
  return top;
}

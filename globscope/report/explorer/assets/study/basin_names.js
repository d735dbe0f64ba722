// Basins by name: the runs that end in them, and the one under the pointer.

// Return the sample that is nearest to a member on a map; −1 where the map shows none.
function sampleOf(map, member) {
  const nearest = arrayOf(map, 'nearest');
  return nearest && member >= 0 && member < nearest.length ? nearest[member] : -1;
}

// Return the numbers of the runs whose last network lies in each basin of the tree, by the basin's arc.
function runsByArc(map = currentMap()) {
  const tree = treeOn(map);
  return rememberLatest(map, 'runs by arc', [tree], () => {
    const groups = new Map(), leaves = new Map(tree.leaves.map(arc => [tree.arcs[arc].branch, arc]));
    lastMembers(map.study).forEach((member, run) => {
      const sample = basinSample(map, member), branch = sample < 0 ? -1 : tree.full.own[sample];
      if (branch < 0) return;
      const arc = leaves.get(tree.home[branch]);
      groups.set(arc, [...groups.get(arc) || [], run]);
    });
    return groups;
  });
}

// Return a sample in the basin of a run's last network: the minimum that the study names, where this tree is as coarse
// as the study's, or else the nearest sample; −1 where the study says that the map does not show the network.
function basinSample(map, member) {
  const own = topologyOf(map), basins = (own || map.topologies?.[0])?.basins;
  const basin = basins && member >= 0 ? keptArray(map.study, basins)[member] : -1;
  if (basin < 0) return -1;
  const coarser = own && state.threshold >= own.threshold && neighbourhoodOn(map) === neighbourhoodOn(map, 'auto');
  return coarser ? basin : sampleOf(map, member);
}

// Return why a map shows a member in no basin, in the study's words; empty where it does.
function reasonOf(map, member) {
  const own = topologyOf(map) || map.topologies?.[0];
  return own && member >= 0 ? own.reasons[keptArray(map.study, own.why)[member]] : '';
}

// Return the names of the runs at and below an arc.
function runsBelow(map, arc) {
  const tree = treeOn(map), marks = arcsBelow(tree, arc);
  return [...runsByArc(map)].flatMap(([leaf, runs]) => marks[leaf] ? runs : []).sort((a, b) => a - b)
    .map(run => map.study.variants[run]);
}

// Return what an arc is called.
function arcName(map, arc) {
  const {study} = map, tree = treeOn(map), joined = tree.arcs[arc].kids.length > 0;
  const names = joined ? runsBelow(map, arc) : (runsByArc(map).get(arc) ?? []).map(run => study.variants[run]);
  const few = names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  if (!names.length) return joined ? 'joined basins without a run' : 'basin without a run';
  return joined ? `joined basins of ${few}` : `basin of ${few}`;
}

// Return the arc under the pointer: that which begins at the vertex `state.branch`; −1: none on this map.
function litArc(map = currentMap()) {
  const tree = state.branch < 0 || map !== currentMap() ? null : treeOn(map);
  return tree ? tree.arcs.findIndex(arc => arc.vertex === state.branch) : -1;
}

// Return whether a sample lies at or below the arc under the pointer, as a function; null where none is.
function litSamples(map = currentMap()) {
  const arc = litArc(map);
  if (arc < 0) return null;
  const tree = treeOn(map), marks = arcsBelow(tree, arc);
  return sample => { const at = arcAt(tree, sample); return at >= 0 && marks[at] === 1; };
}

// Return the vertex that `state.branch` takes when the pointer is over a sample; −1 where it is in no basin.
function branchOfSample(map, sample) {
  const tree = treeOn(map), arc = tree ? arcAt(tree, sample) : -1;
  return arc < 0 ? -1 : tree.arcs[arc].vertex;
}

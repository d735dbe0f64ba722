// What follows from the data and the reader's choices: values, trees, basins' names, passes. All is computed when it is
// first asked for and remembered.
const memory = new WeakMap();

// Return what `work()` returned when it was first done under this name for this object.
function remember(owner, name, work) {
  if (!memory.has(owner)) memory.set(owner, new Map());
  const known = memory.get(owner);
  if (!known.has(name)) known.set(name, work());
  return known.get(name);
}

// Return what `work()` returned for these inputs, if they are the latest under this name; else do it.
function rememberLatest(owner, name, inputs, work) {
  const latest = remember(owner, name, () => ({inputs: [], value: undefined}));
  if (latest.inputs.length !== inputs.length || inputs.some((input, k) => input !== latest.inputs[k])) {
    latest.value = work();
    latest.inputs = inputs;
  }
  return latest.value;
}

function currentMap() { return maps[state.map]; }

// Return an array of a map by its name in the data, such as `trusted`; null where the map has none.
function arrayOf(map, name) { return map[name] ? keptArray(map.study, map[name]) : null; }

// Return an array of a study, which is made once: some have to be summed up from differences.
function keptArray(study, name) { return remember(study, `array ${name}`, () => study.array(name)); }

// Return a field on a map: its `values`; its `heights`, which are lower where the field is better; and the `order` of
// the samples by rising height. Null where the map does not have the field.
function fieldOn(map, key = state.field) {
  if (!map.fields?.[key]) return null;
  return remember(map, `field ${key}`, () => {
    const {values, order} = readField(map.study, map.fields[key]);
    if (!describeField(key, map.study).higher_is_better) return {values, heights: values, order, falling: false};
    return {values, heights: values.map(value => -value), order: order.reverse(), falling: true};
  });
}

// Return the study's own topologies of a field on a map.
function topologiesOf(map, key = state.field) { return map.topologies?.filter(one => one.field === key) ?? []; }

// Return the one that the reader chose, or else the first; undefined where the study has none.
function topologyOf(map, key = state.field) {
  const known = topologiesOf(map, key);
  return known.find(one => one.name === state.tree) ?? known[0];
}

// Return which samples of a map are neighbours by the study's own rule.
function graphOn(map, key = state.field) { return (topologyOf(map, key) || map.topologies?.[0])?.graph ?? map.graph; }

// Return the name of the neighbourhood by which trees of a map are found: a reader's choice counts on lattices. A map
// without a landscape has none.
function neighbourhoodOn(map, choice = state.neighbourhood) {
  return map.shape && LATTICE_KINDS.includes(choice) ? choice : graphOn(map)?.adjacency;
}
const LATTICE_KINDS = ['freudenthal', 'full'];

// Return the neighbourhoods between which a reader can choose on a map.
function neighbourhoodChoices(map) {
  return [...new Set([neighbourhoodOn(map, 'auto'), ...map.shape ? LATTICE_KINDS : []])];
}

// Return what a neighbourhood is called.
function neighbourhoodWords(map, kind) {
  const {neighbours} = graphOn(map);
  return {
    freudenthal: 'triangulated neighbours', full: 'all neighbours', own: 'the samples’ own edges', knn: `${neighbours} nearest neighbours`,
    'mutual-knn': `${neighbours} mutually nearest neighbours`, delaunay: 'Delaunay neighbours', gabriel: 'Gabriel neighbours',
  }[kind] ?? kind;
}

function neighboursOn(map, kind) {
  return remember(map, `neighbours ${kind} ${LATTICE_KINDS.includes(kind) ? '' : graphOn(map).edges}`, () => LATTICE_KINDS.includes(kind)
    ? latticeNeighbours(map.shape, kind, arrayOf(map, 'vertices'))
    : graphNeighbours(keptArray(map.study, graphOn(map).edges), arrayOf(map, 'trusted').length));
}

// Return the samples that are swept, by rising height: those with a finite value, and of these the trusted ones where
// the study's own trees leave out the others.
function sweptSamples(map, key) {
  const {order} = fieldOn(map, key), own = topologyOf(map, key), first = map.topologies?.[0];
  const swept = own ? own.swept : first?.swept && map.trusted; // of another field, the finite samples may be others
  if (!swept) return order;
  const marks = keptArray(map.study, swept);
  return order.filter(sample => marks[sample]);
}

// Return every branch of a field on a map.
function branchesOn(map, key = state.field, kind = neighbourhoodOn(map)) {
  return remember(map, `branches ${key} ${kind} ${topologyOf(map, key)?.name}`, () => sweep(sweptSamples(map, key), neighboursOn(map, kind)));
}

function lifetimesOn(map, key = state.field, kind = neighbourhoodOn(map)) {
  return remember(map, `lifetimes ${key} ${kind} ${topologyOf(map, key)?.name}`, () => persistences(branchesOn(map, key, kind), fieldOn(map, key).heights));
}

// Return the merge tree of the chosen field, threshold and neighbourhood on a map; null where the map lacks the field.
function treeOn(map = currentMap(), kind = neighbourhoodOn(map)) {
  if (!fieldOn(map)) return null;
  return rememberLatest(map, `tree ${kind}`, [state.field, state.threshold, topologyOf(map)], () =>
    simplify(branchesOn(map, state.field, kind), lifetimesOn(map, state.field, kind), state.threshold));
}

// Return how many basins a map has under a neighbourhood at the chosen threshold.
function basinCount(map, kind = neighbourhoodOn(map)) {
  return lifetimesOn(map, state.field, kind).reduce((count, lifetime) => count + (lifetime > state.threshold), 0);
}

// Return the threshold at which a field's basins are first shown: the study's own, or, where it has none in this field's
// unit, a twentieth of the values' range.
function firstThreshold(map, key) {
  const own = topologyOf(map, key), first = map.topologies?.[0];
  if (own) return own.threshold;
  if (first && describeField(first.field, map.study).unit === describeField(key, map.study).unit) return first.threshold;
  const field = fieldOn(map, key);
  if (!field || !field.order.length) return 0;
  return (field.heights[field.order[field.order.length - 1]] - field.heights[field.order[0]]) / 20;
}

// Return the coordinates of all samples, one after another.
function latentsOn(map) {
  if (map.points) return arrayOf(map, 'points');
  return remember(map, 'latents of samples', () => {
    const vertices = arrayOf(map, 'vertices'), count = arrayOf(map, 'trusted').length, points = new Float64Array(count * map.dimension);
    for (let sample = 0; sample < count; sample++) {
      const index = latticeIndex(map.shape, vertices ? vertices[sample] : sample);
      index.forEach((at, axis) => { points[sample * map.dimension + axis] = map.lines[axis][at]; });
    }
    return points;
  });
}

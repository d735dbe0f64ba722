// The lowest pass between the two chosen networks on a map: its height, its course, and how far it is to be trusted.
const SMOOTH = 3; // axes up to which a lattice's values are followed between the samples

// Return the pass between two members on a map; null where the map shows no way. `height` and `saddle` (a sample) are of
// the pass; `course` leads over it in `points`, each with its latent `point`, `value`, nearest `sample` and `distance`
// from the start. `untrusted` and `edge` are the shares of its length over samples that the map does not know, and over
// those at the border of the sampled box; `boxed` says that the pass itself lies there.
function passOnMap(map = currentMap()) {
  const [from, to] = endsIn(map.study);
  if (from < 0 || to < 0 || from === to || !fieldOn(map)) return null;
  const kind = neighbourhoodOn(map);
  return rememberLatest(map, 'pass', [state.field, kind, topologyOf(map), from, to], () => {
    const full = branchesOn(map, state.field, kind), ends = [sampleOf(map, from), sampleOf(map, to)];
    const saddle = passVertex(full, ...ends);
    if (saddle < 0) return null;
    const {values, heights} = fieldOn(map), toll = tollOf(map, heights, saddle);
    const path = lowestPath(full, neighboursOn(map, kind), ...ends, toll, lengthOn(map));
    return describeCourse(map, {saddle, height: values[saddle], path}, courseOf(map, heights, path, saddle));
  });
}

// What makes a way over high samples longer, so that it follows the valleys: up to four times a step.
function tollOf(map, heights, saddle) {
  const {values} = fieldOn(map), scale = heightScaleOf(map), top = scale.unit(values[saddle]) || 1;
  return sample => 4 * Math.min(1, scale.unit(values[sample]) / top);
}

// The length of a step between neighbours: on a lattice in its steps, elsewhere between the points.
function lengthOn(map) {
  const {shape} = map, points = shape ? null : latentsOn(map), d = map.dimension, vertices = arrayOf(map, 'vertices');
  if (!shape) return (one, other) => Math.hypot(...Array.from({length: d}, (_, axis) => points[one * d + axis] - points[other * d + axis]));
  return (one, other) => {
    let moved = 0, a = vertices ? vertices[one] : one, b = vertices ? vertices[other] : other;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (a % shape[axis] !== b % shape[axis]) moved++;
      a = Math.floor(a / shape[axis]);
      b = Math.floor(b / shape[axis]);
    }
    return Math.sqrt(moved);
  };
}

// Return the places of a course: on a straight lattice of few axes those of a taut line, elsewhere the path's samples.
function courseOf(map, heights, path, saddle) {
  const points = latentsOn(map), d = map.dimension, {values} = fieldOn(map);
  if (!map.lines || map.vertices || map.shape.length > SMOOTH) {
    return path.map(sample => ({point: points.slice(sample * d, (sample + 1) * d), value: values[sample], sample}));
  }
  const corners = tautCorners(heights, map.shape, path, saddle), start = placeOn(map, latticeIndex(map.shape, path[0]), values[path[0]]);
  return [start, ...corners.slice(1).flatMap((to, k) => stretchOf(map, path, corners[k], to))];
}

// Return the places of a taut line's part, without its first: along an edge between neighbours values are linear.
function stretchOf(map, path, from, to) {
  const {values} = fieldOn(map), [one, other] = [path[from], path[to]];
  const places = placesBetween(latticeIndex(map.shape, one), latticeIndex(map.shape, other)), count = places.length - 1;
  const linear = k => values[one] + (values[other] - values[one]) * k / count;
  return places.map((place, k) => placeOn(map, place, k === count ? values[other] : to === from + 1 ? linear(k) : latticeValue(values, map.shape, place))).slice(1);
}

function placeOn({lines, shape}, place, value) {
  const strides = rowMajorStrides(shape), sample = place.reduce((sum, at, axis) => sum + Math.round(at) * strides[axis], 0);
  return {point: place.map((at, axis) => between(lines[axis], at)), value, sample};
}

function between(line, at) {
  const low = Math.min(Math.floor(at), line.length - 1), high = Math.min(low + 1, line.length - 1);
  return line[low] + (line[high] - line[low]) * (at - low);
}

// Return a pass with its course, the distances along it, and the shares of it that are not to be trusted.
function describeCourse(map, pass, course) {
  const trusted = arrayOf(map, 'trusted'), rim = atRim(map);
  let length = 0, untrusted = 0, edge = 0;
  const points = course.map((place, k) => {
    const step = k ? Math.hypot(...place.point.map((one, axis) => one - course[k - 1].point[axis])) : 0;
    length += step;
    if (!trusted[place.sample]) untrusted += step;
    if (rim(place.sample)) edge += step;
    return {...place, trusted: trusted[place.sample] === 1, distance: length};
  });
  return {...pass, points, length, untrusted: untrusted / (length || 1), edge: edge / (length || 1), boxed: rim(pass.saddle)};
}

// Return whether a sample lies at the border of its lattice, as a function: there, the box decides where a way can go.
function atRim(map) {
  if (!map.shape) return () => false;
  const vertices = arrayOf(map, 'vertices');
  return sample => latticeIndex(map.shape, vertices ? vertices[sample] : sample)
    .some((at, axis) => map.shape[axis] > 2 && (at === 0 || at === map.shape[axis] - 1));
}

// Return the paths between two runs that the study measured in the chosen field, of each finder the best, and the best
// first: their `worst` value, and what found them.
function knownPaths(study, one, other, key = state.field) {
  const known = study.paths?.fields[key];
  if (!known) return [];
  const [ones, others, worst, finders] = ['one', 'other', 'worst', 'found_by'].map(name => keptArray(study, known[name]));
  const rows = [...ones.keys()].filter(row => ones[row] === Math.min(one, other) && others[row] === Math.max(one, other));
  return rows.map(row => ({worst: worst[row], finder: study.paths.finders[finders[row]]}));
}

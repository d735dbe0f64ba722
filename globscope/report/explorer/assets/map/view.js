// What a picture of a map is drawn from: the map, what the reader chose, and where things stand on the canvas.

// Return which picture shows a map: a key of `PICTURES`.
function pictureOf(map) {
  if (!map.fields?.[state.field]) return 'members';
  if (map.dimension === 1 || map.form === 'path') return 'line';
  if (state.view === 'network') return 'network';
  if (map.lines?.length === 3 && map.shape.every(size => size > 1) && state.view !== 'slice' && canDrawSpace()) return 'space';
  return map.lines && sheetOf(map, fieldOn(map).values, shownAxes(map)) ? 'sheet' : 'points';
}

// Return what a picture is drawn from, on a canvas of this size. `small` pictures have neither axes nor names.
function viewOf(map, width, height, small = false) {
  const study = map.study, kind = pictureOf(map), known = kind !== 'members', axes = shownAxes(map);
  const view = {
    map, study, kind, small, axes, steps: study.array(study.members.step), latents: study.array(map.latents), drawn: arrayOf(map, 'drawn'),
    chosen: endsIn(study).filter(member => member >= 0), scale: known ? scaleOf(map) : null,
    values: known ? fieldOn(map).values : new Float64Array(0), trusted: known && state.trust ? arrayOf(map, 'trusted') : null,
    absent: new Set(map.runs_not_shown), lit: litRuns(),
  };
  if (kind === 'line') view.scale = lineScale(view);
  if (kind === 'network') view.scale = heightScaleOf(map);
  view.sheet = kind === 'sheet' ? sheetOf(map, view.values, axes) : null;
  view.ground = kind === 'points' ? groundOf(map) : null;
  view.projected = kind === 'sheet' && map.dimension > 2;
  view.picture = PICTURES[kind];
  view.whole = view.picture.window(view);
  view.key = small ? [] : keyPlaces(keyItems(view), width - 8);
  view.keyRows = view.key.reduce((rows, {row}) => Math.max(rows, row + 1), 0);
  const margins = small ? [2, 2, 2, 2] : [52, 22, known && kind !== 'line' && kind !== 'network' ? 74 : 12, 40 + view.keyRows * KEY_ROW];
  view.frame = frameOf(width, height, !small && state.window || view.whole, margins);
  view.place = (point, value) => view.picture.place(view, point, value);
  view.member = member => view.drawn[member] ? view.place(memberPoint(view, member), decodedOf(view, member)) : null;
  return view;
}

// Return the two latent axes that are drawn; those of another map may be too many for this one.
function shownAxes(map) { return state.axes.every(axis => axis < map.dimension) ? state.axes : [0, 1]; }

// Return a lattice of the same map, over whose colours a graph is drawn; null where there is none.
function groundOf(map) {
  const ground = map.dimension === 2 && maps.find(other => other.study === map.study && other.name === map.name && other.lines?.length === 2 && other.fields?.[state.field]);
  return ground ? {map: ground, values: fieldOn(ground).values, sheet: sheetOf(ground, fieldOn(ground).values, [0, 1])} : null;
}

function memberPoint({latents, map}, member) { return latents.subarray(member * map.dimension, (member + 1) * map.dimension); }

function decodedOf({map, study}, member) {
  const name = map.decoded[state.field];
  return name ? study.array(name)[member] : NaN;
}

// Return the place of a point in a picture of two latent axes; null where it has none.
function placeOnAxes({frame, axes}, point) {
  const x = frame.x(point[axes[0]]), y = frame.y(point[axes[1]] ?? 0);
  return Number.isFinite(x + y) ? [x, y] : null;
}

// Return the member nearest to a pixel and no farther than a finger is wide, or -1; a run's last network comes first.
function memberAt(view, px, py, reach = 10) {
  let found = -1, least = reach;
  for (const {members, number} of runsOf(view.study)) {
    if (!isRunShown(number, view.study)) continue;
    members.forEach((member, k) => {
      const place = view.steps[member] <= state.step && view.member(member);
      const distance = place ? Math.hypot(place[0] - px, place[1] - py) - (k === members.length - 1 ? 3 : 0) : Infinity;
      if (distance < least) [found, least] = [member, distance];
    });
  }
  return found;
}

// Return the names of the runs in the basin under the pointer, which stand out on every map.
function litRuns() {
  const map = currentMap(), arc = litArc(map);
  return new Set(arc < 0 ? [] : runsBelow(map, arc));
}

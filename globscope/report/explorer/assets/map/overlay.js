// What lies over a map's colours: runs, minima and saddles, the pass, what analyses drew, and what is under the pointer.

// Draw what changes with training and the choice of runs: a layer of its own, which the pointer leaves as it is.
function drawRunLayer(g, view) {
  let drawn = [];
  clipToFrame(g, view.frame, () => {
    drawDerived(g, view);
    drawn = drawRuns(g, view);
    if (!view.small) drawTrails(g, view);
  });
  view.names = view.small ? [] : placeRunNames(view, drawn);
}

function drawOverlay(g, view) {
  clipToFrame(g, view.frame, () => drawLitRuns(g, view));
  drawCritical(g, view);
  clipToFrame(g, view.frame, () => {
    drawCourse(g, view);
    if (!view.small) drawPointed(g, view);
  });
  drawNames(g, view.names);
}

// Draw minima and saddles, told apart by form, whole at the frame; on a slice only those that lie on it.
function drawCritical(g, view) {
  if (view.kind === 'members') return;
  const critical = criticalOf(view.map), many = critical.length > 80 || view.small, drawn = view.projected ? new Set(view.sheet.numbers) : null;
  for (const {kind, sample} of critical) {
    const place = (!drawn || drawn.has(sample)) && view.place(pointOf(view.map, sample), view.values[sample]);
    const size = (kind === 'minimum' ? 10 : 5.5) * (many ? 0.55 : 1) * (sample === state.branch ? 1.4 : 1);
    if (place && view.frame.holds(...place)) drawMark(g, kind, ...place, size, look.forms[kind].fill, sample === state.branch ? [[look.edge, 1], [pageColour('--hot'), 2]] : [[look.edge, many ? 0.7 : 1]]);
  }
}

// Return the samples that are minima and saddles of the chosen tree, the minima last.
function criticalOf(map) {
  const tree = treeOn(map);
  return rememberLatest(map, 'critical', [tree], () => tree.arcs
    .map(({vertex, kids}) => ({sample: vertex, kind: kids.length > 2 ? 'multi-saddle' : kids.length ? 'saddle' : 'minimum'}))
    .sort((a, b) => (a.kind === 'minimum') - (b.kind === 'minimum')));
}

// Draw the pass between the two chosen networks along its course, with its saddle and height.
function drawCourse(g, view) {
  for (const member of view.chosen) {
    const place = view.member(member);
    if (place) drawMark(g, 'circle', ...place, view.small ? 5 : 10, 'rgba(255,255,255,0)', [[look.rim, 2], [look.edge, 1]]);
  }
  const pass = view.chosen.length < 2 || view.kind === 'members' ? null : passOnMap(view.map);
  if (!pass) return;
  const top = view.place(pointOf(view.map, pass.saddle), pass.height);
  drawLine(g, pass.points.map(({point, value}) => view.place(point, value)), {colour: look.rim, width: view.small ? 1.2 : 2.4, rims: [[look.edge, view.small ? 0.8 : 1.4]]});
  if (!top) return;
  drawMark(g, 'saddle', ...top, view.small ? 4 : 9, look.saddle, [[look.edge, 1.4]]);
  if (!view.small) drawNames(g, placeNames([{x: top[0], y: top[1], text: formatNumber(pass.height), colour: look.ink}], view.frame));
}

// Return the layers of a map by name, each with its colour and the style of its trails.
function layersOf(map) {
  return remember(map, 'layers', () => [...new Set(map.trails.map(layerName))].map((name, k) => (
    {name, colour: look.trails[k % look.trails.length], style: map.trails.find(trail => layerName(trail) === name).style}
  )));
}

// Draw the trails that analyses laid over the map and the reader asked for.
function drawTrails(g, view) {
  for (const trail of view.map.trails) {
    if (!state.layers.has(layerName(trail))) continue;
    const {colour} = layersOf(view.map).find(({name}) => name === layerName(trail));
    const points = rowsOf(view.study.array(trail.points), view.map.dimension).map(point => view.place(point));
    if (trail.style === 'arrows') for (let k = 0; k + 1 < points.length; k += 2) drawArrow(g, points[k], points[k + 1], colour);
    else if (trail.style === 'points') for (const point of points) if (point) drawMark(g, 'circle', ...point, 2.8, colour);
    if (trail.style === 'line' || trail.style === 'dashed') drawLine(g, points, {colour, width: 2, rims: [[look.edge, 1]], dash: trail.style === 'dashed' ? [6, 4] : []});
  }
}

// Return the point of a layer that is shown nearest to a pixel, with its trail, or null; only of trails along which
// something was measured.
function trailPointAt(view, px, py, reach = 8) {
  let found = null, least = reach;
  for (const trail of view.map.trails) {
    if (!state.layers.has(layerName(trail)) || !trail.values?.[state.field]) continue;
    rowsOf(keptArray(view.study, trail.points), view.map.dimension).forEach((point, k) => {
      const place = view.place(point), distance = place ? Math.hypot(place[0] - px, place[1] - py) : Infinity;
      if (distance < least) [found, least] = [{trail, k}, distance];
    });
  }
  return found;
}

function rowsOf(numbers, size) { return Array.from({length: numbers.length / size}, (_, k) => numbers.subarray(k * size, (k + 1) * size)); }

function drawArrow(g, from, to, colour) {
  if (!from || !to) return;
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]), wing = turn => [to[0] - 8 * Math.cos(angle + turn), to[1] - 8 * Math.sin(angle + turn)];
  drawLine(g, [from, to], {colour, width: 1.8, rims: [[look.edge, 1]]});
  drawLine(g, [wing(0.45), to, wing(-0.45)], {colour, width: 1.8, rims: [[look.edge, 1]]});
}

// Draw the networks that analyses derived, thin, joined along each path.
function drawDerived(g, view) {
  for (const members of derivedOf(view.study)) {
    const points = members.filter(member => !isHidden(runOf(member, view.study), view.study)).map(member => view.member(member));
    drawLine(g, points, {colour: look.edge, width: 0.8, rims: [[look.rim, 0.7]]});
    if (!view.small) for (const point of points) if (point) drawMark(g, 'square', ...point, 1.8, look.rim, [[look.edge, 0.7]]);
  }
}

// Mark the sample under the pointer.
function drawPointed(g, view) {
  if (state.sample < 0 || state.sample >= view.values.length) return;
  const place = view.place(pointOf(view.map, state.sample), view.values[state.sample]);
  if (place) drawMark(g, 'square', ...place, 3.6, 'rgba(255,255,255,0)', [[look.rim, 1.4], [look.edge, 1]]);
}

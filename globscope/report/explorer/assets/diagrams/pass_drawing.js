// The drawing of a pass: the values along its course, and beside it what else is known of the way between the networks.
const PASS_HEIGHT = 222, PASS_TOP = 58, PASS_BOTTOM = PASS_HEIGHT - 28;

function drawPass(place, pass) {
  if (!pass) return drawNothing(place, state.from < 0 || state.to < 0 ? 'Pick two networks: on the map, in the lists, or in a table.' : 'There is no pass to draw.');
  const map = currentMap(), ends = [state.from, state.to], line = straightLine(map, pass), [known] = knownBetween(map.study, ...ends);
  const {svg, width} = beginFigure(place, `${describeField(state.field, map.study).name} along the lowest pass`, PASS_HEIGHT);
  const y = drawHeights(svg, passScale(map, pass, ends, line, known), width, PASS_TOP, PASS_BOTTOM);
  const x = share => FIGURE_LEFT + 8 + (width - FIGURE_LEFT - FIGURE_RIGHT - 16) * share;
  const frame = {map, svg, x, y, pass, along: k => x(pass.points[k].distance / (pass.length || 1))};
  shadeUntrusted(frame);
  drawOtherWays(frame, line, known);
  svg.append(shape('path', {d: linePath(pass.points.map((one, k) => [frame.along(k), y(one.value)])), class: 'pass-line'}));
  drawPassMarks(frame, ends);
}

function linePath(places) { return `M${places.map(place => place.map(one => one.toFixed(1)).join()).join('L')}`; }

// The scale of all that is drawn of a pass, which may climb above those of the trees.
function passScale(map, pass, ends, line, known) {
  const truths = ends.map(member => memberValue(map.study, member)), {log, falling} = heightScaleOf(map);
  const shown = [...pass.points.map(one => one.value), ...line ?? [], ...truths, known?.worst].filter(value => Number.isFinite(value) && (!log || value > 0));
  return newScale(shown.reduce((one, other) => Math.min(one, other)), shown.reduce((one, other) => Math.max(one, other)), log, falling);
}

function shadeUntrusted({svg, pass, along}) {
  const band = k => `M${along(k - 1).toFixed(1)},${PASS_TOP}H${along(k).toFixed(1)}V${PASS_BOTTOM}H${along(k - 1).toFixed(1)}z`;
  svg.append(shape('path', {d: pass.points.map((one, k) => k && !one.trusted ? band(k) : '').join(''), fill: 'var(--shade)'}));
}

// Draw the straight line on the map, as its samples have it, and the lowest path that the study measured; their names
// stand above.
function drawOtherWays({map, svg, x, y}, line, known) {
  const rows = [];
  if (line) {
    svg.append(shape('path', {d: linePath(line.map((value, k) => [x(k / (line.length - 1)), y(value)])), class: 'other-way'}));
    rows.push(['other-way', `straight line on the map: ${formatNumber(worstOfLine(map, line))}`]);
  }
  if (known) {
    svg.append(shape('path', {d: `M${x(0)},${y(known.worst)}H${x(1)}`, class: 'known-way'}));
    rows.push(['known-way', `lowest measured path: ${formatNumber(known.worst)}, ${known.finder}`]);
  }
  rows.forEach(([kind, text], row) => svg.append(shape('path', {d: `M${x(0)},${9 + 17 * row}h26`, class: kind}),
    shape('text', {x: x(0) + 32, y: 13 + 17 * row, class: 'faint'}, text)));
}

// Return the values along the straight line on a map between the ends of a pass; null where they are not known there.
function straightLine(map, {path}) {
  if (!map.lines || map.vertices || map.shape.length > SMOOTH || path.length < 3) return null;
  const [from, to] = [path[0], path[path.length - 1]].map(sample => latticeIndex(map.shape, sample));
  const values = placesBetween(from, to).map(place => latticeValue(fieldOn(map).values, map.shape, place));
  return values.every(Number.isFinite) ? values : null;
}

function worstOfLine(map, line) {
  const worse = describeField(state.field, map.study).higher_is_better ? Math.min : Math.max;
  return line.reduce((one, other) => worse(one, other));
}

function drawPassMarks({map, svg, x, y, pass, along}, ends) {
  const at = pass.points.findIndex(one => one.sample === pass.saddle && one.value === pass.height), below = PASS_BOTTOM + 20;
  svg.append(shape('path', {d: markPath('saddle', along(at), y(pass.height), 7), fill: 'var(--hot)', stroke: 'var(--card)'}),
    shape('text', {x: along(at), y: y(pass.height) - 12, 'text-anchor': 'middle', 'font-weight': 700}, formatNumber(pass.height)),
    shape('text', {x: x(0.5), y: below, 'text-anchor': 'middle', class: 'faint'}, 'share of the way'));
  ends.forEach((member, end) => {
    const {colour} = runStyle(map.study, runOf(member, map.study)), truth = memberValue(map.study, member);
    const name = {x: x(end), y: below, 'text-anchor': end ? 'end' : 'start', 'font-weight': 700, style: `fill:${pageInk(colour)}`};
    if (Number.isFinite(truth)) svg.append(shape('circle', {cx: x(end), cy: y(truth), r: 4.5, fill: colour, stroke: 'var(--card)'}));
    svg.append(shape('text', name, memberName(member, map.study)));
  });
}

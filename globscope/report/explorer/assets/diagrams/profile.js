// The landscape profile: every basin as wide, at a height, as it has samples at or below it.
const PROFILE_HEIGHT = 280, PROFILE_STEPS = 160; // samples at which an outline turns, at most
const GRADIENT_STOPS = 64;                       // on a linear axis, the colours of low losses change within a few pixels

startIn('profile', place => {
  drawIn(place, ['map', 'field', 'threshold', 'neighbourhood', 'scale', 'limits', 'figure'], () => {
    drawProfile(place);
    markBranches(place.querySelector('svg'));
  });
  panel(['branch'], () => markBranches(place.querySelector('svg')));
  answerBranches(beginFigure(place, '', PROFILE_HEIGHT).svg, partLabel);
  offer('profile');
});

function drawProfile(place) {
  const map = currentMap(), tree = treeOn(map);
  if (!tree?.arcs.length) return drawNothing(place, 'There is no profile: no sample has a finite value.');
  const {svg, width, height} = beginFigure(place, `Landscape profile of ${describeField(state.field, map.study).name} on ${mapName(map)}`, PROFILE_HEIGHT);
  const scale = profileScaleOf(map), y = drawHeights(svg, scale, width, 10, height - 54), {order} = tree.full;
  const unit = (width - FIGURE_LEFT - FIGURE_RIGHT - 12) / order.length, middle = (FIGURE_LEFT + width - FIGURE_RIGHT) / 2;
  const left = placeArcs(tree), {values} = fieldOn(map);
  const sketch = {map, tree, values, scale, y, unit, x: samples => middle + samples * unit, left, held: samplesByArc(tree), colours: scaleOf(map)};
  drawParts(svg, sketch);
  drawProfileNames(svg, sketch);
  drawProfileRule(svg, sketch, height);
  about('profile', `a basin is as wide as its share of samples at or below the height${beyondWords(scale, [...order].map(sample => values[sample]))}`);
}

// Return the samples of each arc from low to high: those of arc k lie from `starts[k]` to `starts[k + 1]` in `samples`.
function samplesByArc(tree) {
  const {order, segment} = tree.full, starts = new Uint32Array(tree.arcs.length + 1), samples = new Uint32Array(order.length);
  tree.arcs.forEach(({own}, arc) => { starts[arc + 1] = starts[arc] + own; });
  const free = starts.slice();
  for (const sample of order) samples[free[tree.arcOf[segment[sample]]]++] = sample;
  return {starts, samples};
}

// Draw the parts of the basins from the last that meet to the first, so that those that meet lie on what they join;
// parts narrower than a pixel are one path. Colours are those of the map: each is the value of its height.
function drawParts(svg, sketch) {
  const {tree, unit} = sketch, slivers = [];
  svg.append(shape('defs', {}, depthGradient(sketch)));
  for (let arc = tree.arcs.length - 1; arc >= 0; arc--) {
    const {size, vertex} = tree.arcs[arc];
    if (size * unit < 1) { slivers.push(sliverPath(sketch, arc)); continue; }
    svg.append(shape('path', {d: partPath(sketch, arc), fill: 'url(#profile-depths)', class: 'hit part', 'data-branch': vertex}));
  }
  if (slivers.length) svg.append(shape('path', {d: slivers.join(''), stroke: depthColour(0.3), 'stroke-width': 0.7, 'pointer-events': 'none'}));
}

// The map's colours along the axis of heights.
function depthGradient({scale, y, colours}) {
  const stops = Array.from({length: GRADIENT_STOPS + 1}, (_, k) => k / GRADIENT_STOPS).map(share =>
    shape('stop', {offset: share, 'stop-color': depthColour(colours.unit(scale.value(share)))}));
  return shape('linearGradient', {id: 'profile-depths', gradientUnits: 'userSpaceOnUse', x1: 0, x2: 0, y1: y(scale.value(0)), y2: y(scale.value(1))}, ...stops);
}

// The outline of an arc's part: symmetric about its centre, wider with every sample.
function partPath({tree, values, y, unit, x, left, held: {starts, samples}}, arc) {
  const {vertex, top, own, size} = tree.arcs[arc], below = size - own, centre = x(left[arc] + size / 2), foot = y(values[vertex]);
  const steps = [[below, foot]], every = Math.max(1, Math.floor(own / Math.min(PROFILE_STEPS, 4 + size * unit)));
  for (let k = 0; k < own; k += every) steps.push([below + k + 1, Math.min(foot, y(values[samples[starts[arc] + k]]))]);
  steps.push([size, y(values[top])]);
  const side = sign => steps.map(([count, at]) => `${(centre + sign * count * unit / 2).toFixed(1)},${at.toFixed(1)}`);
  return `M${side(-1).join('L')}L${side(1).reverse().join('L')}z`;
}

function sliverPath({tree, values, y, x, left}, arc) {
  const {vertex, top, size} = tree.arcs[arc];
  return `M${x(left[arc] + size / 2).toFixed(1)},${y(values[vertex]).toFixed(1)}V${y(values[top]).toFixed(1)}`;
}

function drawProfileNames(svg, sketch) {
  const {map, tree, values, y, unit, x, left} = sketch, runs = runsByArc(map), centre = arc => x(left[arc] + tree.arcs[arc].size / 2);
  const saddles = tree.arcs.flatMap((one, arc) => one.kids.length && one.size * unit > 8 ? [[nodeKind(one), meetingPlace(sketch, arc), y(values[one.vertex])]] : []);
  drawMarks(svg, saddles, 4.5, markColour('saddle'));
  const deepest = deepestLeaves(map, tree);
  for (const leaf of deepest.slice(0, MOST_MARKS).sort((a, b) => left[a] - left[b])) {
    const {vertex} = tree.arcs[leaf];
    svg.append(branchMark('minimum', centre(leaf), y(values[vertex]), vertex, partLabel(leaf)));
  }
  enterAt(svg, svg.querySelector('.mark'));
  writeNames(svg, deepest.filter(leaf => runs.has(leaf)).map(leaf => ({
    x: centre(leaf), y: y(values[tree.arcs[leaf].vertex]) + 20, text: fewNames(map.study, runs.get(leaf)), colour: runsInk(map.study, runs.get(leaf))})));
}

function partLabel(arc) {
  const map = currentMap(), {arcs, full} = treeOn(map);
  return `${arcName(map, arc)}: ${(100 * arcs[arc].size / full.order.length).toFixed(1)} % of the samples`;
}

// Where the two largest of the parts that meet touch.
function meetingPlace({tree, x, left}, arc) {
  const [one, other] = [...tree.arcs[arc].kids].sort((a, b) => tree.arcs[b].size - tree.arcs[a].size || a - b);
  return x(Math.max(left[one], left[other]));
}

// A rule for the widths.
function drawProfileRule(svg, {tree, unit}, height) {
  const {order} = tree.full, length = 0.1 * order.length * unit, x = FIGURE_LEFT + 6, y = height - 14;
  svg.append(shape('path', {d: `M${x},${y - 4}v8M${x},${y}h${length}m0,-4v8`, class: 'stem'}),
    shape('text', {x: x + length + 8, y: y + 4, class: 'faint'}, `10 % of ${formatNumber(order.length)} samples`));
}

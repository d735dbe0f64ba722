// The persistence diagram: where each basin begins, and where it meets a deeper one. The dashed line is the threshold,
// which can be dragged, and moved by the keyboard.
const PERSISTENCE_HEIGHT = 260, NEVER = 18; // pixels between the highest value and those that never end

startIn('persistence', place => {
  let frame = null;
  drawIn(place, ['map', 'field', 'threshold', 'neighbourhood', 'scale', 'limits'], () => {
    frame = drawPersistence(place);
    markBranches(place.querySelector('svg'));
  });
  panel(['branch'], () => markBranches(place.querySelector('svg')));
  const {svg} = beginFigure(place, '', PERSISTENCE_HEIGHT);
  answerBranches(svg, pairLabel);
  dragThreshold(svg, () => frame);
  offer('persistence');
});

function drawPersistence(place) {
  const map = currentMap(), tree = treeOn(map);
  if (!tree?.arcs.length) return drawNothing(place, 'There is no diagram: no sample has a finite value.'), null;
  const {svg, width, height} = beginFigure(place, `Persistence of ${describeField(state.field, map.study).name} on ${mapName(map)}`, PERSISTENCE_HEIGHT);
  const scale = heightScaleOf(map), top = 12 + NEVER, bottom = height - 44, y = drawHeights(svg, scale, width, top, bottom);
  const x = value => FIGURE_LEFT + 8 + (width - FIGURE_LEFT - FIGURE_RIGHT - 16) * scale.unit(value);
  const frame = {map, tree, scale, x, y, width, top, bottom, grip: null};
  drawBirthAxis(svg, frame);
  drawThreshold(svg, frame);
  drawPairs(svg, frame);
  const ends = tree.leaves.map(leaf => tree.full.deaths[tree.arcs[leaf].branch]).filter(end => end >= 0).map(end => fieldOn(map).values[end]);
  about('persistence', `drag the dashed line to change the threshold${beyondWords(scale, ends)}`);
  return frame;
}

function drawBirthAxis(svg, {map, scale, x, y, width, top, bottom}) {
  const name = describeField(state.field, map.study).name, best = scale.value(0), worst = scale.value(1);
  svg.append(shape('path', {d: `M${x(best)},${y(best)}L${x(worst)},${y(worst)}V${y(best)}z`, fill: 'var(--shade)'}));
  for (const tick of scale.ticks(Math.max(3, Math.floor(width / 90)))) {
    svg.append(shape('text', {x: x(tick), y: bottom + 18, 'text-anchor': 'middle', class: 'faint'}, formatNumber(tick)));
  }
  svg.append(shape('text', {x: (FIGURE_LEFT + width) / 2, y: bottom + 38, 'text-anchor': 'middle', class: 'faint'}, `best ${name} of the basin`),
    shape('line', {x1: FIGURE_LEFT, x2: width - FIGURE_RIGHT, y1: top - NEVER, y2: top - NEVER, class: 'ax', 'stroke-dasharray': '2 3'}),
    shape('text', {x: FIGURE_LEFT - 6, y: top - NEVER + 4, 'text-anchor': 'end', class: 'faint'}, 'never'));
}

// Draw the line on which a basin's persistence is the threshold, with a broad band around it by which it is taken.
function drawThreshold(svg, frame) {
  const {scale, x, y} = frame, sign = scale.falling ? -1 : 1, places = Array.from({length: 81}, (_, k) => scale.value(k / 80));
  const d = `M${places.map(birth => `${x(birth).toFixed(1)},${y(birth + sign * state.threshold).toFixed(1)}`).join('L')}`;
  frame.grip = shape('path', {d, class: 'grip', role: 'slider', tabindex: 0, 'aria-label': 'Ignore basins shallower than', 'aria-valuemin': 0,
    'aria-valuenow': state.threshold, 'aria-valuetext': thresholdWords(frame), 'aria-orientation': 'vertical'});
  svg.append(shape('path', {d, class: 'threshold', 'pointer-events': 'none'}), frame.grip);
}

function thresholdWords({tree}) { return `${formatNumber(state.threshold)}: ${tree.leaves.length} basin${tree.leaves.length === 1 ? '' : 's'}`; }

function drawPairs(svg, {map, tree, x, y, top}) {
  const {full} = tree, {values} = fieldOn(map), lifetimes = lifetimesOn(map), dust = [];
  const at = branch => [x(values[full.births[branch]]), full.deaths[branch] < 0 ? top - NEVER : y(values[full.deaths[branch]])];
  full.births.forEach((birth, branch) => {
    if (lifetimes[branch] <= state.threshold) dust.push(`M${at(branch).map(one => one.toFixed(1)).join()}h.01`);
  });
  svg.append(shape('path', {d: dust.join(''), class: 'dust'}));
  const deepest = deepestLeaves(map, tree), kind = branch => full.deaths[branch] < 0 ? 'endless' : 'dot';
  const rest = deepest.slice(MOST_MARKS).map(leaf => tree.arcs[leaf].branch);
  drawMarks(svg, rest.map(branch => [kind(branch), ...at(branch)]), 2, markColour('minimum'));
  for (const leaf of deepest.slice(0, MOST_MARKS).reverse()) {
    const {branch, vertex} = tree.arcs[leaf];
    svg.append(branchMark(kind(branch), ...at(branch), vertex, pairLabel(leaf)));
  }
  enterAt(svg, [...svg.querySelectorAll('.mark')].pop());
}

function pairLabel(arc) {
  const map = currentMap(), {full, arcs} = treeOn(map), {branch} = arcs[arc], end = full.deaths[branch];
  const meets = end < 0 ? 'never meets a deeper one' : `meets a deeper one at ${formatNumber(fieldOn(map).values[end])}`;
  return `${arcName(map, arc)}: persistence ${formatNumber(lifetimesOn(map)[branch])}, ${meets}`;
}

// Have the threshold follow the pointer, as the difference between death and birth where it is, and the arrow keys.
function dragThreshold(svg, frameNow) {
  let dragged = false;
  svg.addEventListener('pointerdown', event => {
    dragged = event.target.classList.contains('grip');
    if (dragged) svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointermove', event => { if (dragged) choose({threshold: thresholdAtPointer(svg, frameNow(), event), branch: -1}); });
  for (const end of ['pointerup', 'pointercancel']) svg.addEventListener(end, () => { dragged = false; });
  svg.addEventListener('keydown', event => {
    if (!event.target.classList.contains('grip')) return;
    const next = steppedThreshold(frameNow(), event.key);
    if (next === null) return;
    event.preventDefault();
    choose({threshold: next, branch: -1});
    requestAnimationFrame(() => { frameNow()?.grip.focus(); say(thresholdWords(frameNow())); });
  });
}

function thresholdAtPointer(svg, {scale, x, top, bottom, width}, event) {
  const box = svg.getBoundingClientRect(), px = (event.clientX - box.left) / box.width * width, py = (event.clientY - box.top) / box.height * PERSISTENCE_HEIGHT;
  const across = (px - FIGURE_LEFT - 8) / (width - FIGURE_LEFT - FIGURE_RIGHT - 16), up = (bottom - py) / (bottom - top);
  const [birth, death] = [across, up].map(share => scale.value(Math.max(0, Math.min(1, share))));
  return Math.max(0, scale.falling ? birth - death : death - birth);
}

// Return the threshold that a key means: arrows change it by a tenth, the page keys go to the next basin that appears or
// disappears. Null for other keys.
function steppedThreshold({map, tree, scale}, key) {
  const least = (scale.high - scale.low) / 1e5, lifetimes = [...lifetimesOn(map)].filter(Number.isFinite).sort((a, b) => a - b);
  const {threshold} = state;
  if (['ArrowUp', 'ArrowRight'].includes(key)) return Math.max(least, threshold * 1.1);
  if (['ArrowDown', 'ArrowLeft'].includes(key)) return threshold / 1.1 < least ? 0 : threshold / 1.1;
  if (key === 'PageUp') return lifetimes.find(one => one > threshold) ?? threshold;
  if (key === 'PageDown') return lifetimes.filter(one => one < threshold).pop() ?? 0;
  if (key === 'Home') return 0;
  return key === 'End' ? lifetimes.pop() ?? threshold : null;
}

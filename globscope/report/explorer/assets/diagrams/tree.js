// The merge tree: leaves side by side, heights by the field; which basins meet, and where.
const TREE_HEIGHT = 260;

startIn('tree', place => {
  let geometry = null;
  drawIn(place, ['map', 'field', 'threshold', 'neighbourhood', 'scale', 'limits', 'figure'], () => {
    geometry = drawTree(place);
    lightTree(place, geometry);
  });
  panel(['branch'], () => lightTree(place, geometry));
  const {svg} = beginFigure(place, '', TREE_HEIGHT);
  answerBranches(svg, nodeLabel);
  svg.addEventListener('pointermove', event => choose({branch: geometry ? branchAtPointer(svg, geometry, event) : -1}));
  offer('tree');
});

function drawTree(place) {
  const map = currentMap(), tree = treeOn(map);
  if (!tree?.arcs.length) return drawNothing(place, 'There is no merge tree: no sample has a finite value.'), null;
  const {svg, width, height} = beginFigure(place, treeLabel(map, tree), TREE_HEIGHT), {values} = fieldOn(map);
  const y = drawHeights(svg, heightScaleOf(map), width, 10, height - 34), columns = columnsOf(tree, placeArcs(tree));
  const room = width - FIGURE_LEFT - FIGURE_RIGHT - 24, last = Math.max(1, tree.leaves.length - 1);
  const x = arc => FIGURE_LEFT + 12 + room * (tree.leaves.length > 1 ? columns[arc] / last : 0.5);
  const geometry = {tree, x, low: arc => y(values[tree.arcs[arc].vertex]), high: arc => y(values[tree.arcs[arc].top])};
  svg.append(shape('path', {class: 'stem', d: tree.arcs.map((_, arc) => stemPath(geometry, arc)).join('')}), shape('path', {class: 'stem on lit'}));
  drawNodes(svg, map, geometry);
  about('tree', treeWords(map, tree) + beyondWords(heightScaleOf(map), tree.arcs.map(({vertex}) => values[vertex])));
  return geometry;
}

// An arc's line: up from its lower end, and over to the arc that goes on.
function stemPath({tree, x, low, high}, arc) {
  const {up} = tree.arcs[arc], at = x(arc).toFixed(1);
  return `M${at},${low(arc).toFixed(1)}V${high(arc).toFixed(1)}${up < 0 ? '' : `H${x(up).toFixed(1)}`}`;
}

function drawNodes(svg, map, geometry) {
  const {tree, x, low} = geometry, runs = runsByArc(map);
  const saddles = tree.arcs.flatMap((one, arc) => one.kids.length ? [[nodeKind(one), x(arc), low(arc)]] : []);
  drawMarks(svg, saddles, tree.leaves.length > 60 ? 2.5 : 5, markColour('saddle'));
  const deepest = deepestLeaves(map, tree), few = deepest.slice(0, MOST_MARKS), rest = deepest.slice(MOST_MARKS);
  drawMarks(svg, rest.map(leaf => ['minimum', x(leaf), low(leaf)]), 2, markColour('minimum'));
  for (const leaf of few.sort((a, b) => x(a) - x(b))) {
    svg.append(branchMark('minimum', x(leaf), low(leaf), tree.arcs[leaf].vertex, nodeLabel(leaf)));
  }
  enterAt(svg, svg.querySelector('.mark'));
  writeNames(svg, deepest.filter(leaf => runs.has(leaf)).map(leaf =>
    ({x: x(leaf), y: low(leaf) + 20, text: fewNames(map.study, runs.get(leaf)), colour: runsInk(map.study, runs.get(leaf))})));
}

function nodeLabel(arc) {
  const map = currentMap(), {vertex, kids} = treeOn(map).arcs[arc];
  return `${arcName(map, arc)}, ${kids.length ? 'from' : 'best'} ${formatNumber(fieldOn(map).values[vertex])}`;
}

// The leaves, the most persistent first.
function deepestLeaves(map, tree) {
  const lifetimes = lifetimesOn(map), lifetime = arc => lifetimes[tree.arcs[arc].branch];
  return [...tree.leaves].sort((a, b) => lifetime(b) - lifetime(a) || a - b);
}

// Draw what is lit a second time, in another colour.
function lightTree(place, geometry) {
  const svg = place.querySelector('svg'), lit = svg.querySelector('.lit');
  if (!geometry || !lit) return;
  const marks = arcsBelow(geometry.tree, litArc());
  lit.setAttribute('d', geometry.tree.arcs.map((_, arc) => marks[arc] ? stemPath(geometry, arc) : '').join(''));
  markBranches(svg);
}

// Return the vertex of the arc whose line is nearest to the pointer, no farther than 9 pixels; −1: none.
function branchAtPointer(svg, {tree, x, low, high}, event) {
  const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
  const px = (event.clientX - box.left) * scale, py = (event.clientY - box.top) * scale;
  let nearest = -1, least = 9;
  tree.arcs.forEach(({up}, arc) => {
    const beside = Math.abs(px - x(arc)) + Math.max(0, py - low(arc) - 8, high(arc) - py);
    const [from, to] = up < 0 ? [x(arc), x(arc)] : [Math.min(x(arc), x(up)), Math.max(x(arc), x(up))];
    const below = Math.abs(py - high(arc)) + Math.max(0, from - px, px - to);
    const distance = Math.min(beside, below + 0.5);
    if (distance < least) [nearest, least] = [arc, distance];
  });
  return nearest < 0 ? -1 : tree.arcs[nearest].vertex;
}

function treeLabel(map, tree) { return `Merge tree of ${describeField(state.field, map.study).name} on ${mapName(map)}: ${treeWords(map, tree)}`; }

// How many basins there are, and how many under the other neighbourhood: where the two differ, the count is a matter of
// definition.
function treeWords(map, tree) {
  const basins = count => `${count} basin${count === 1 ? '' : 's'}`, kind = neighbourhoodOn(map);
  const others = neighbourhoodChoices(map).filter(other => other !== kind);
  const counts = others.map(other => `${basinCount(map, other)} with ${neighbourhoodWords(map, other)}`);
  return [`${basins(tree.leaves.length)} with ${neighbourhoodWords(map, kind)}`, ...counts].join(', ');
}

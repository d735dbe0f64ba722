// Scattered samples and graphs over two latent axes, and maps that have members alone.
const MANY_SAMPLES = 1500;  // beyond, samples are small and edges hair-thin
const MOST_EDGES = 30_000;  // beyond, only every so-manieth edge is drawn
const MOST_WAYS = 60;       // saddles of which the ways down to both basins are drawn

const POINTS_PICTURE = {
  window(view) {
    const own = windowAround(onAxes(view, view.values.length, sample => pointOf(view.map, sample)));
    if (!view.ground) return own;
    const below = sheetWindow(view.ground.sheet);
    return own.map((value, k) => k % 2 ? Math.max(value, below[k]) : Math.min(value, below[k]));
  },
  place: placeOnAxes,
  base(g, view) {
    clipToFrame(g, view.frame, () => {
      if (view.ground) drawHeat(g, view, view.ground.map, view.ground.sheet, view.ground.values);
      drawEdges(g, view);
      drawSamples(g, view, view.values.keys(), view.small ? 1 : view.values.length > MANY_SAMPLES ? 1.8 : 4);
    });
    if (!view.small) drawSurroundings(g, view);
  },
  runs: drawRunLayer,
  overlay(g, view) {
    clipToFrame(g, view.frame, () => { drawWays(g, view); ringBranch(g, view); });
    drawOverlay(g, view);
  },
  at: (view, px, py) => nearestSample(view, px, py, 12),
};

const MEMBERS_PICTURE = {
  window: view => windowAround(onAxes(view, view.latents.length / view.map.dimension, member => memberPoint(view, member)), 0.12),
  place: placeOnAxes,
  base(g, view) {
    if (view.small) return;
    drawSurroundings(g, view);
    const why = view.map.hidden || 'Nothing was evaluated on this map; it shows the networks alone.';
    drawParagraph(g, why, view.frame.left + 10, view.frame.top + 30, view.frame.across - 20);
  },
  runs: drawRunLayer,
  overlay: drawOverlay,
  at: () => -1,
};

// Return the coordinates on the two axes of so many points, one after another.
function onAxes({axes}, count, at) {
  const flat = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) for (const k of [0, 1]) flat[2 * i + k] = at(i)[axes[k]] ?? 0;
  return flat;
}

// Draw the graph's edges; of very many, evenly chosen ones.
function drawEdges(g, view) {
  const name = (topologyOf(view.map) ?? view.map).graph?.edges;
  if (!name) return;
  const edges = remember(view.study, `leading ${name}`, () => leadingEdges(keptArray(view.study, name))), every = Math.ceil(edges.length / 2 / MOST_EDGES), many = view.values.length > MANY_SAMPLES;
  g.save();
  Object.assign(g, {strokeStyle: view.ground ? look.ink : pageColour('--stem'), lineWidth: many || view.small ? 0.5 : 0.8, globalAlpha: many ? 0.5 : 0.6});
  g.beginPath();
  for (let k = 0; k < edges.length; k += 2 * every) {
    const from = view.place(pointOf(view.map, edges[k])), to = view.place(pointOf(view.map, edges[k + 1]));
    if (!from || !to) continue;
    g.moveTo(...from);
    g.lineTo(...to);
  }
  g.stroke();
  g.restore();
}

// Draw the lowest ways between the basins that meet at each saddle, along the graph's edges.
function drawWays(g, view) {
  for (const way of waysOf(view.map)) {
    drawLine(g, way.map(sample => view.place(pointOf(view.map, sample))), {colour: look.rim, width: view.small ? 0.7 : 1.3, rims: [[look.edge, view.small ? 0.4 : 0.8]]});
  }
}

// Return, for every saddle of the chosen tree, the ways up to it from the lowest minima of the branches that meet there.
function waysOf(map) {
  const tree = treeOn(map);
  return rememberLatest(map, 'ways', [tree], () => {
    const {arcs, full} = tree, saddles = arcs.filter(arc => arc.kids.length).slice(0, MOST_WAYS), around = neighboursOn(map, neighbourhoodOn(map)), length = lengthOn(map);
    return saddles.flatMap(saddle => saddle.kids.map(kid => shortestWay(full, around, full.births[arcs[kid].branch], saddle.vertex, () => 0, length)));
  });
}

// Ring the samples of the basin under the pointer.
function ringBranch(g, view) {
  const lit = litSamples(view.map);
  if (!lit) return;
  const size = view.values.length > MANY_SAMPLES ? 2.6 : 5.5;
  g.save();
  Object.assign(g, {strokeStyle: pageColour('--hot'), lineWidth: view.small ? 0.8 : 1.6});
  g.beginPath();
  for (let sample = 0; sample < view.values.length; sample++) {
    const place = lit(sample) && view.place(pointOf(view.map, sample));
    if (!place) continue;
    g.moveTo(place[0] + size, place[1]);
    g.arc(...place, view.small ? 1.5 : size, 0, 2 * Math.PI);
  }
  g.stroke();
  g.restore();
}

function nearestSample(view, px, py, reach) {
  let found = -1, least = reach;
  for (let sample = 0; sample < view.values.length; sample++) {
    const place = view.place(pointOf(view.map, sample), view.values[sample]);
    const distance = place ? Math.hypot(place[0] - px, place[1] - py) : Infinity;
    if (distance < least) [found, least] = [sample, distance];
  }
  return found;
}

// Write words on as many lines as they need.
function drawParagraph(g, text, x, y, width) {
  g.font = wordsFont(false);
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line && g.measureText(`${line} ${word}`).width > width) {
      drawWords(g, line, x, y, pageColour('--ink'), {halo: '', font: wordsFont(false)});
      [line, y] = ['', y + 19];
    }
    line = line ? `${line} ${word}` : word;
  }
  drawWords(g, line, x, y, pageColour('--ink'), {halo: '', font: wordsFont(false)});
}

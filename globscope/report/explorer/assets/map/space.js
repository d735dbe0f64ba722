// A lattice of three axes: nested surfaces of equal height, turned by dragging, with the runs inside.
const SPACE_SHARES = [0.1, 1 / 3, 1];   // of the chosen share of samples, what lies below each surface
const SPACE_ALPHAS = [0.62, 0.3, 0.16];
const SPACE_AWAY = 5;                   // the eye's distance; the samples' box reaches from -1 to 1
const BESIDE = 16;                      // pixels of an axis' name from its edge of the box
const SPACE_PAPER = '#eef1f4';           // bright on a dark page too: surfaces are as dark as their heights are low

const SPACE_PICTURE = {
  window: () => [-1, 1, -1, 1],
  place(view, point) {
    const [x, y, z] = turnPoint(spaceTurn(), boxPoint(view.map, point)), size = spaceSize(view.frame) / (SPACE_AWAY - z);
    return Number.isFinite(x + y + z) ? [view.frame.left + view.frame.across / 2 + x * size, view.frame.top + view.frame.up / 2 - y * size] : null;
  },
  base(g, view) {
    const {left, top, across, up} = view.frame, ratio = Math.min(2, devicePixelRatio || 1), size = spaceSize(view.frame);
    Object.assign(g, {fillStyle: SPACE_PAPER}).fillRect(left, top, across, up);
    clipToFrame(g, view.frame, () => {
      drawBox(g, view);
      const canvas = drawSurfaces(surfacesOf(view), {turn: spaceTurn(), lens: [2 * size / across, 2 * size / up], away: SPACE_AWAY, width: Math.round(across * ratio), height: Math.round(up * ratio)});
      g.drawImage(canvas, left, top, across, up);
    });
    if (!view.small) drawSurroundings(g, view);
  },
  runs: drawRunLayer,
  overlay(g, view) {
    drawOverlay(g, view);
    if (!view.small) drawBoxNames(g, view);
  },
  at: (view, px, py) => nearestCritical(view, px, py),
};

// Return the surfaces below which the chosen share of samples lies, and parts of it, with their colours.
function surfacesOf(view) {
  return surfaceLevels(view).map((level, k) => {
    const loaded = keptSurface(view, level), colour = name => channelsOf(depthColour(view.scale.unit(level), name)).map(one => one / 255);
    return {loaded, colour: colour('depths'), grey: colour('greys').map(one => 0.4 + 0.6 * one), alpha: SPACE_ALPHAS[k]};
  }).filter(one => one.loaded.count);
}

// Return the heights of the surfaces, the lowest first.
function surfaceLevels(view) {
  const {order} = fieldOn(view.map);
  return SPACE_SHARES.map(share => view.values[order[Math.max(0, Math.ceil(share * state.level * order.length) - 1)]]).filter(level => level !== undefined);
}

function keptSurface(view, level) {
  const kept = view.map.surfaces ||= new Map(), key = `${state.field} ${view.scale.key} ${level} ${state.trust}`;
  if (!kept.has(key)) kept.set(key, loadSurface(surfaceArrays(view, level)));
  if (kept.size > 12) {
    const [oldest] = kept;
    oldest[1].free();
    kept.delete(oldest[0]);
  }
  return kept.get(key);
}

// Return a surface's corners in the samples' box, its sides' directions, and whether it is trusted there.
function surfaceArrays({map, values, trusted}, level) {
  const scale = heightScaleOf(map), samples = samplesByPlace(map), sampleAt = place => samples ? samples[place] : place, size = map.shape.reduce((product, one) => product * one, 1);
  const heights = rememberLatest(map, 'heights', [values, scale], () => heightsOn({numbers: Array.from({length: size}, (_, place) => sampleAt(place))}, values, scale.unit));
  const surface = isosurface(heights, map.shape, scale.unit(level)), signs = map.lines.map(line => Math.sign(line[line.length - 1] - line[0]));
  return [
    alongEdges(surface, 3, place => boxPoint(map, latticeIndex(map.shape, place).map((at, axis) => map.lines[axis][at]))),
    alongEdges(surface, 3, place => gradientAt(heights, map.shape, place).map((rise, axis) => rise * signs[axis])),
    alongEdges(surface, 1, place => [trusted ? trusted[sampleAt(place)] : 1]),
  ];
}

// Return a latent point in the box of the samples, -1 … 1 along each axis.
function boxPoint(map, point) {
  return map.lines.map((line, axis) => {
    const [low, high] = [Math.min(line[0], line[line.length - 1]), Math.max(line[0], line[line.length - 1])];
    return (point[axis] - low) / (high - low) * 2 - 1;
  });
}

function spaceSize({across, up}) { return Math.min(across, up) * SPACE_AWAY / 3.6 * state.turn[2]; }

// Return the rotation of the box as nine numbers, row by row: turned about the third axis, then tilted to the eye.
function spaceTurn() {
  const [turn, tilt] = state.turn, [c, s, d, t] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  return [c, -s, 0, s * t, c * t, d, -s * d, -c * d, t];
}

function turnPoint(m, [x, y, z]) { return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z]; }

// Draw the edges of the samples' box.
function drawBox(g, view) {
  const ends = view.map.lines.map(line => [line[0], line[line.length - 1]]), corner = k => [0, 1, 2].map(axis => ends[axis][k >> axis & 1]);
  for (let k = 0; k < 8; k++) for (const axis of [0, 1, 2]) {
    if (!(k >> axis & 1)) drawLine(g, [view.place(corner(k)), view.place(corner(k | 1 << axis))], {colour: look.faint, width: 0.8, alpha: 0.8});
  }
}

// Write each axis' name outside of the box, beside the middle of one of its four edges: the lowest on the screen, or
// the leftmost of the third axis.
function drawBoxNames(g, view) {
  const {frame, map} = view, ends = map.lines.map(line => [line[0], line[line.length - 1]]), middles = ends.map(([from, to]) => (from + to) / 2);
  const centre = view.place(middles);
  map.axes.forEach((name, axis) => {
    const edges = [0, 1, 2, 3].map(k => view.place(ends.map((pair, other) => other === axis ? middles[axis] : pair[k >> ((other - axis + 3) % 3 - 1) & 1])));
    const [x, y] = edges.reduce((best, one) => (axis === 2 ? one[0] < best[0] : one[1] > best[1]) ? one : best);
    const away = Math.hypot(x - centre[0], y - centre[1]) || 1, words = shortName(name), half = 4 * words.length;
    const beside = [x + BESIDE * (x - centre[0]) / away - (axis === 2 ? half : 0), y + BESIDE * (y - centre[1]) / away];
    const inside = (at, from, size, room) => Math.max(from + room, Math.min(from + size - room, at));
    drawWords(g, words, inside(beside[0], frame.left, frame.across, half), inside(beside[1], frame.top, frame.up, 9), look.ink, {font: wordsFont(false), align: 'center'});
  });
}

// Return the minimum or saddle near a pixel, or -1: of samples inside a surface nobody can say which one is meant.
function nearestCritical(view, px, py) {
  return criticalOf(view.map).map(one => one.sample).find(sample => {
    const place = view.place(pointOf(view.map, sample));
    return place && Math.hypot(place[0] - px, place[1] - py) < 10;
  }) ?? -1;
}

// A lattice over two axes: colours, contours, the trusted part's outline.

const SHEET_PICTURE = {
  window: view => sheetWindow(view.sheet),
  place: placeOnAxes,
  base(g, view) {
    clipToFrame(g, view.frame, () => {
      drawHeat(g, view, view.map, view.sheet, view.values);
      if (state.samples && !view.small) drawSamples(g, view, view.sheet.numbers, dotSize(view));
    });
    if (!view.small) drawSurroundings(g, view);
  },
  runs: drawRunLayer,
  overlay(g, view) {
    clipToFrame(g, view.frame, () => drawBranch(g, view));
    drawOverlay(g, view);
  },
  at: (view, px, py) => sampleOnSheet(view.sheet, view.frame.atX(px), view.frame.atY(py)),
};

function clipToFrame(g, {left, top, across, up}, draw) {
  g.save();
  g.beginPath();
  g.rect(left, top, across, up);
  g.clip();
  draw();
  g.restore();
}

// Draw a sheet's colours; contours and the trusted part's outline in large pictures.
function drawHeat(g, view, map, sheet, values) {
  const {frame, scale, small} = view, [x0, x1, y0, y1] = sheetWindow(sheet), trusted = state.trust ? map.study.array(map.trusted) : null;
  const image = rememberLatest(map, small ? 'small heat' : 'heat', [sheet, values, scale, state.trust], () => heatImage(sheet, values, scale.unit, trusted, small ? SMALL_SIDE : HEAT_SIDE));
  g.imageSmoothingEnabled = true;
  g.drawImage(image, frame.x(x0), frame.y(y1), frame.x(x1) - frame.x(x0), frame.y(y0) - frame.y(y1));
  if (small) return;
  const lines = rememberLatest(map, 'contours', [sheet, values, scale], () => {
    const heights = heightsOn(sheet, values, scale.unit);
    return scale.levels().flatMap(level => contour(heights, sheet.nx, sheet.ny, scale.unit(level)));
  });
  strokeSegments(g, frame, sheet, lines, 'rgba(15,25,45,.32)', 0.7);
  if (trusted) drawTrust(g, frame, map, sheet, trusted);
}

// Outline the trusted part.
function drawTrust(g, frame, map, sheet, trusted) {
  const edge = rememberLatest(map, 'trusted part', [sheet], () => contour(Float32Array.from(sheet.numbers, number => number < 0 ? NaN : trusted[number]), sheet.nx, sheet.ny, 0.5));
  strokeSegments(g, frame, sheet, edge, 'rgba(255,255,255,.85)', 2.4);
  strokeSegments(g, frame, sheet, edge, look.ink, 1.1, [5, 4]);
}

// Stroke segments, given as x, y, x, y in steps of a sheet.
function strokeSegments(g, frame, {xs, ys}, segments, colour, width, dash = []) {
  g.save();
  Object.assign(g, {strokeStyle: colour, lineWidth: width});
  g.setLineDash(dash);
  g.beginPath();
  for (let k = 0; k < segments.length; k += 4) {
    g.moveTo(frame.x(valueAt(xs, segments[k])), frame.y(valueAt(ys, segments[k + 1])));
    g.lineTo(frame.x(valueAt(xs, segments[k + 2])), frame.y(valueAt(ys, segments[k + 3])));
  }
  g.stroke();
  g.restore();
}

// Outline the basin, or joined basins, under the pointer.
function drawBranch(g, view) {
  const lit = litSamples(view.map);
  if (!lit) return;
  const {sheet} = view, lines = rememberLatest(view.map, 'lit', [sheet, treeOn(view.map), state.branch], () => outline(k => lit(sheet.numbers[k]), sheet.nx, sheet.ny));
  strokeSegments(g, view.frame, sheet, lines, '#ffffff', view.small ? 2.5 : 4);
  strokeSegments(g, view.frame, sheet, lines, pageColour('--hot'), view.small ? 1.2 : 2);
}

// Return the size of a sheet's dots: a seventh of the distance between them.
function dotSize({frame, sheet: {xs, ys}}) {
  const step = Math.min(Math.abs(frame.x(xs[1]) - frame.x(xs[0])), Math.abs(frame.y(ys[1]) - frame.y(ys[0])));
  return Math.max(0.8, Math.min(4, step / 7));
}

// Draw samples as dots in their colours, those that are not finite as crosses.
function drawSamples(g, view, numbers, size) {
  for (const number of numbers) {
    const place = number < 0 ? null : view.place(pointOf(view.map, number)), value = view.values[number];
    if (!place || !view.frame.holds(...place)) continue;
    const colour = Number.isFinite(value) && depthColour(view.scale.unit(value), view.trusted && !view.trusted[number] ? 'greys' : 'depths');
    if (!colour) drawCross(g, ...place, Math.max(2.5, size), look.ink);
    else if (size > 1.9) drawMark(g, 'circle', ...place, size, colour, size > 2.5 ? darkRims(0.6) : [[look.edge, 0.5]]);
    else for (const [fill, half] of [[look.edge, size + 0.4], [colour, size]]) Object.assign(g, {fillStyle: fill}).fillRect(place[0] - half, place[1] - half, 2 * half, 2 * half);
  }
}

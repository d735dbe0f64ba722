// Marks and words on a picture. Dark marks have a white rim with a dark edge around it, bright ones a dark rim: each
// stands out on any colour.
const MOST_NAMES = 30;
const STAR = Array.from({length: 10}, (_, k) => [Math.sin(k * Math.PI / 5), Math.cos(k * Math.PI / 5)].map(one => one * (k % 2 ? 0.5 : 1.3)));
const SQUARE = [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]];

// Draw a mark of a size in pixels; `rims` are colours and widths from the inside outwards. A minimum's tip is its place.
function drawMark(g, kind, x, y, size, fill, rims = [[look.edge, 1]]) {
  const points = look.forms[kind]?.points ?? {star: STAR, square: SQUARE}[kind];
  g.lineJoin = 'round';
  g.beginPath();
  if (points) points.forEach(([dx, dy], k) => g[k ? 'lineTo' : 'moveTo'](x + dx * size, y - dy * size));
  else g.arc(x, y, size, 0, 2 * Math.PI);
  g.closePath();
  let reach = 2 * rims.reduce((sum, [, width]) => sum + width, 0);
  for (const [colour, width] of [...rims].reverse()) {
    Object.assign(g, {strokeStyle: colour, lineWidth: reach}).stroke();
    reach -= 2 * width;
  }
  Object.assign(g, {fillStyle: fill}).fill();
}

// Return the rims of a dark mark.
function darkRims(width = 1.2) { return [[look.rim, width], [look.edge, 0.7]]; }

function drawCross(g, x, y, size, colour) {
  for (const up of [size, -size]) drawLine(g, [[x - size, y - up], [x + size, y + up]], {colour, width: 1.6, rims: [[look.rim, 1.2]]});
}

// Draw points, [x, y] in pixels, as a line with rims; a point that is null or not finite leaves a gap.
function drawLine(g, points, {colour, width = 1.6, rims = [], dash = [], alpha = 1}) {
  g.save();
  Object.assign(g, {globalAlpha: alpha, lineJoin: 'round', lineCap: dash.length ? 'butt' : 'round'});
  g.beginPath();
  let drawn = false;
  for (const point of points) {
    const known = point !== null && Number.isFinite(point[0] + point[1]);
    if (known) g[drawn ? 'lineTo' : 'moveTo'](point[0], point[1]);
    drawn = known;
  }
  let reach = width + 2 * rims.reduce((sum, [, one]) => sum + one, 0);
  for (const [rim, one] of [...rims].reverse()) {
    Object.assign(g, {strokeStyle: rim, lineWidth: reach}).stroke();
    reach -= 2 * one;
  }
  g.setLineDash(dash);
  Object.assign(g, {strokeStyle: colour, lineWidth: width}).stroke();
  g.restore();
}

// Write words with a halo.
function drawWords(g, words, x, y, colour, {halo = 'rgba(255,255,255,.92)', font = wordsFont(), align = 'left', base = 'middle'} = {}) {
  Object.assign(g, {font, textAlign: align, textBaseline: base, lineJoin: 'round', lineWidth: 3.5, strokeStyle: halo, fillStyle: colour});
  if (halo) g.strokeText(words, x, y);
  g.fillText(words, x, y);
}

function wordsFont(bold = true) { return `${bold ? '700 ' : ''}13px system-ui, sans-serif`; }

// Return the places of names beside their points, the first ones first; a name that finds no free place is left out.
// `names` are {x, y, text, colour}; `taken` are boxes [x0, y0, x1, y1] that names keep off.
function placeNames(names, frame, taken = []) {
  const boxes = [...taken], placed = [], ruler = Object.assign(rulerOfWords(), {font: wordsFont()});
  for (const {x, y, text, colour} of names) {
    const words = shortName(text), box = namePlaces(x, y, ruler.measureText(words).width).find(place => fitsIn(frame, place) && !boxes.some(other => overlap(place, other)));
    if (!box) continue;
    boxes.push(box);
    placed.push({words, x: box[0], y: (box[1] + box[3]) / 2, colour});
    if (placed.length >= MOST_NAMES) break;
  }
  return placed;
}

function drawNames(g, placed) { for (const {words, x, y, colour} of placed) drawWords(g, words, x, y, colour); }

function namePlaces(x, y, width) {
  const gap = 9, half = 8, box = (left, middle) => [left, middle - half, left + width, middle + half];
  return [box(x + gap, y - gap), box(x - gap - width, y - gap), box(x + gap, y + gap), box(x - gap - width, y + gap),
    box(x - width / 2, y - 2 * gap), box(x - width / 2, y + 2 * gap), box(x + gap + 3, y), box(x - gap - 3 - width, y)];
}

function fitsIn({left, top, across, up}, [x0, y0, x1, y1]) { return x0 >= left && y0 >= top && x1 <= left + across && y1 <= top + up; }
function overlap(a, b) { return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]; }
function shortName(text, most = 18) { return text.length > most ? `${text.slice(0, most - 7)}…${text.slice(-6)}` : text; }

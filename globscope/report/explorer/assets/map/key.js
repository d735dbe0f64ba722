// What the marks of a large map mean, in rows below it.
const KEY_ROW = 20, KEY_GAP = 18, KEY_MARK = 24;  // pixels

// Return what is explained: [words, function that draws an example at (x, y)].
function keyItems(view) {
  const {kind, study, values, trusted} = view, items = [], critical = kind === 'members' ? [] : criticalOf(view.map);
  const mark = (form, size) => (g, x, y) => drawMark(g, form, x, form === 'minimum' ? y + size / 2 : y, size, look.forms[form].fill);
  const dark = pageInk(look.runs[2]);
  if (critical.some(one => one.kind === 'minimum')) items.push([`${describeField(state.field, study).higher_is_better ? 'best sample of a basin' : 'minimum'} (its tip)`, mark('minimum', 10)]);
  if (critical.some(one => one.kind === 'saddle')) items.push([kind === 'network' ? 'top of a pass' : 'saddle, where basins meet', mark('saddle', 5.5)]);
  if (critical.some(one => one.kind === 'multi-saddle') && kind !== 'network') items.push(['saddle of three or more', mark('multi-saddle', 5.5)]);
  if (kind === 'network') return items;
  if (kind === 'points') items.push(...graphItems(view, critical));
  const runs = runsOf(study).filter(run => run.members.some(member => view.drawn[member]));
  if (runs.some(run => run.members.length > 1)) items.push(['start of a run', (g, x, y) => drawMark(g, 'circle', x, y, 2.6, look.rim, [[dark, 1.5]])]);
  if (runs.some(run => !view.absent.has(run.number))) items.push(['end of a run', (g, x, y) => drawMark(g, 'star', x, y, 6, dark, darkRims())]);
  if (runs.some(run => view.absent.has(run.number))) {
    items.push(['end of a run that is not on this map', (g, x, y) => drawMark(g, 'star', x, y, 6, look.rim, [[dark, 1.4]])]);
  }
  for (const [words, colour] of knownOf(study)?.key ?? []) {
    items.push([`${shortName(knownOf(study).name, 24)}: ${shortName(words, 24)}`, (g, x, y) => drawMark(g, 'star', x, y, 6, colour, darkRims())]);
  }
  items.push(...layerItems(view.map));
  if (derivedOf(study).flat().some(member => view.drawn[member])) items.push(['networks from analyses', (g, x, y) => drawMark(g, 'square', x, y, 2.5, look.rim, [[look.edge, 1]])]);
  if (trusted !== null && trusted.includes(0)) items.push([look.untrusted, kind === 'line' ? shadeSample : greySample]);
  if (kind === 'members') return items;
  if (!values.every(Number.isFinite)) items.push(['not finite', nothingSample]);
  return kind === 'line' ? items : [...items, ...endItems(view)];
}

// Return what is explained of scattered samples: themselves, their edges, and the ways over the saddles.
function graphItems({map}, critical) {
  const dash = style => (g, x, y) => drawLine(g, [[x - 9, y], [x + 9, y]], style);
  const items = [['sample, in the colour of its own value', (g, x, y) => drawMark(g, 'circle', x, y, 4, depthColour(0.6))]];
  if ((topologyOf(map) ?? map).graph?.edges) items.push(['edge between samples', dash({colour: pageColour('--stem'), width: 0.8})]);
  if (critical.some(one => one.kind !== 'minimum')) items.push(['lowest path between two basins', dash({colour: look.rim, width: 1.3, rims: [[look.edge, 0.8]]})]);
  return items;
}

// Return the layers that are drawn over a map, each with its colour.
function layerItems(map) {
  return layersOf(map).filter(({name}) => state.layers.has(name)).map(({name, colour, style}) => [shortName(name, 44), (g, x, y) => {
    if (style === 'points') drawMark(g, 'circle', x, y, 2.8, colour);
    else drawLine(g, [[x - 9, y], [x + 9, y]], {colour, width: 2, rims: [[look.edge, 1]], dash: style === 'dashed' ? [6, 4] : []});
  }]);
}

// Return how many samples share the colour of an end of the scale.
function endItems({map, values, scale}) {
  const count = beyond => values.reduce((sum, value) => sum + beyond(value), 0);
  const {below, above} = rememberLatest(map, 'beyond', [values, scale], () => ({
    below: count(value => value < scale.low), above: count(value => value > scale.high && value < Infinity),
  }));
  const swatch = value => (g, x, y) => {
    Object.assign(g, {fillStyle: depthColour(scale.unit(value))}).fillRect(x - 8, y - 6, 16, 12);
    drawLine(g, [[x - 8, y - 6], [x + 8, y - 6], [x + 8, y + 6], [x - 8, y + 6], [x - 8, y - 6]], {colour: pageColour('--edge'), width: 1});
  };
  const item = (number, words, end) => number ? [[`${number.toLocaleString('en')} sample${number === 1 ? '' : 's'} ${words} ${formatNumber(end)}`, swatch(end)]] : [];
  return [...item(below, 'below', scale.low), ...item(above, 'above', scale.high)];
}

function greySample(g, x, y) {
  Object.assign(g, {fillStyle: depthColour(0.6, 'greys')}).fillRect(x - 8, y - 6, 16, 12);
  drawLine(g, [[x - 8, y - 6], [x + 8, y - 6], [x + 8, y + 6], [x - 8, y + 6], [x - 8, y - 6]], {colour: look.edge, width: 1, dash: [4, 3], rims: [[look.rim, 0.7]]});
}

function shadeSample(g, x, y) { Object.assign(g, {fillStyle: pageColour('--shade')}).fillRect(x - 8, y - 6, 16, 12); }

function nothingSample(g, x, y) {
  Object.assign(g, {fillStyle: '#ffffff'}).fillRect(x - 8, y - 6, 16, 12);
  for (const turn of [1, -1]) for (const shift of [-6, 0, 6]) drawLine(g, [[x + shift - 4, y - 5 * turn], [x + shift + 4, y + 5 * turn]], {colour: look.ink, width: 1});
}

// Return where each item stands: rows that fit the width.
function keyPlaces(items, width) {
  let x = 0, row = 0;
  return items.map(([words, draw]) => {
    const wide = Math.min(width, KEY_MARK + wordsWidth(words));
    if (x && x + wide > width) [x, row] = [0, row + 1];
    const place = {words, draw, x, row};
    x += wide + KEY_GAP;
    return place;
  });
}

function wordsWidth(words) { return Object.assign(rulerOfWords(), {font: wordsFont(false)}).measureText(words).width; }

function drawKey(g, view) {
  const top = view.frame.height - KEY_ROW * view.keyRows + KEY_ROW / 2;
  for (const {words, draw, x, row} of view.key) {
    draw(g, 14 + x, top + row * KEY_ROW);
    drawWords(g, words, x + KEY_MARK + 2, top + row * KEY_ROW, pageColour('--faint'), {halo: '', font: wordsFont(false)});
  }
}

// The large map: which picture shows it, its three layers, and what answers on it. Colours lie in the lowest layer, runs
// above them, and in the highest one all that changes under the pointer or with the threshold.
const PICTURES = {sheet: SHEET_PICTURE, points: POINTS_PICTURE, members: MEMBERS_PICTURE, line: LINE_PICTURE, network: NETWORK_PICTURE, space: SPACE_PICTURE};
const BASE_KEYS = ['map', 'field', 'neighbourhood', 'scale', 'limits', 'trust', 'samples', 'axes', 'window', 'view', 'turn', 'level', 'layers', 'figure'];
const RUN_KEYS = ['from', 'to', 'step', 'query', 'hidden', 'marked', 'gap'], POINTED_KEYS = ['threshold', 'branch', 'sample'];
const LAYERS = ['base', 'runs', 'overlay'];
const large = {view: null, canvases: {}, stage: null};

startIn('map', place => {
  if (!maps.length) return;
  const stage = large.stage = make('div', {class: 'stage'});
  for (const layer of LAYERS) stage.append(large.canvases[layer] = make('canvas', {class: layer}));
  const {overlay} = large.canvases;
  furnish(overlay, {tabindex: 0, role: 'application', 'aria-roledescription': 'map', 'aria-describedby': 'map-about'}, []);
  place.append(mapTools(), stage);
  listenForMoves(overlay, () => large.view);
  listenForPointer(overlay, makeTip(stage));
  panel(BASE_KEYS, () => {
    drawLayer('base', fitView());
    describeMap(overlay);
    // A finger that moves upwards over the whole map scrolls the page.
    overlay.style.touchAction = state.window || large.view.kind === 'space' ? 'none' : 'pan-y';
  });
  // Layers are drawn in their order, on the frame of the lowest one.
  panel([...BASE_KEYS, ...RUN_KEYS], () => drawLayer('runs', viewInFrame()));
  panel([...BASE_KEYS, ...RUN_KEYS, ...POINTED_KEYS], () => drawLayer('overlay', Object.assign(viewInFrame(), {names: large.view.names})));
  offer('map', {SVG: mapSvg, PNG: () => new Promise(done => mapCanvas().toBlob(done))});
});

function viewInFrame() { return viewOf(currentMap(), large.view.frame.width, large.view.frame.height); }

// Return what is drawn, as wide as its place and as high as its key needs; the layers get as many pixels as the screen has.
function fitView() {
  const map = currentMap(), width = large.stage.clientWidth, height = Math.round(Math.max(280, Math.min(width * 0.9, 640)));
  const view = viewOf(map, width, height + viewOf(map, width, height).keyRows * KEY_ROW), ratio = Math.min(3, devicePixelRatio || 1);
  const {left, top, across, up} = view.frame;
  large.stage.style.height = `${view.frame.height}px`;
  large.stage.dataset.frame = [left, top, across, up]; // for whoever has to point at a place of the map
  const size = {width: Math.round(width * ratio), height: Math.round(view.frame.height * ratio)};
  for (const canvas of Object.values(large.canvases)) if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  return view;
}

function drawLayer(layer, view) {
  const canvas = large.canvases[layer], g = canvas.getContext('2d'), {width, height} = view.frame, ratio = canvas.width / width;
  large.view = view;
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  view.picture[layer](g, view);
}

// Say in words what is drawn, below the heading and for those who do not see it.
function describeMap(canvas) {
  const {map, kind, axes, study} = large.view, field = state.field && describeField(state.field, study).name;
  const samples = map.shape ? `${map.shape.join(' × ')} samples` : `${large.view.values.length.toLocaleString('en')} samples`;
  const words = {
    sheet: `${samples}, ${field}${map.dimension > 2 ? `; the slice through the lowest sample along ${map.axes[axes[0]]} and ${map.axes[axes[1]]}, onto which runs are projected` : ''}`,
    points: `${samples}, ${field}${map.dimension > 2 ? `, over two of ${map.dimension} axes` : ''}`,
    line: `${samples}, heights are ${field}`,
    network: `minima and the passes between them, by ${field}; the map has ${map.dimension} axes`,
    space: `${samples}, surfaces where the ${field} is ${listWords(kind === 'space' ? surfaceLevels(large.view).map(level => formatNumber(level)) : [])}; drag to turn`,
    members: map.hidden || 'the networks alone: nothing was evaluated on this map',
  }[kind];
  const lacking = map.lines?.length === 3 && !canDrawSpace() ? '. Surfaces need WebGL2, which this browser does not offer; a slice stands in for them' : '';
  about('map', words + lacking);
  document.getElementById('map-heading').textContent = mapName(map);
  canvas.setAttribute('aria-label', `${mapName(map)}. Arrow keys move it, plus and minus zoom, 0 shows all; with Shift, arrows move over samples, and Enter picks the nearest network.`);
}

function listWords(words) { return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}` : words.join(''); }

// Return the map as SVG: its colours as an image inside, all marks and words as vectors.
function mapSvg() {
  const {width, height} = large.view.frame, g = new SvgContext(width, height);
  Object.assign(g, {fillStyle: pageColour('--card')}).fillRect(0, 0, width, height);
  for (const layer of LAYERS) large.view.picture[layer](g, large.view);
  return String(g);
}

// Return the map as one canvas, on the card's colour.
function mapCanvas() {
  const layers = LAYERS.map(layer => large.canvases[layer]), canvas = make('canvas', {width: layers[0].width, height: layers[0].height}), g = canvas.getContext('2d');
  Object.assign(g, {fillStyle: pageColour('--card')}).fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) g.drawImage(layer, 0, 0);
  return canvas;
}

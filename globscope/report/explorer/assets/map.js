// The large map: which picture shows it, its two layers, and what answers on it. Colours lie in the lower layer, all
// that changes under the pointer or with the threshold in the upper one.
const PICTURES = {sheet: SHEET_PICTURE, points: POINTS_PICTURE, members: MEMBERS_PICTURE, line: LINE_PICTURE, network: NETWORK_PICTURE, space: SPACE_PICTURE};
const BASE_KEYS = ['map', 'field', 'neighbourhood', 'scale', 'limits', 'trust', 'samples', 'axes', 'window', 'view', 'turn', 'level'];
const OVERLAY_KEYS = ['threshold', 'from', 'to', 'branch', 'sample', 'step', 'query', 'layers', 'hidden', 'marked', 'gap'];
const large = {view: null, layers: []};

startIn('map', place => {
  if (!maps.length) return;
  const stage = make('div', {class: 'stage'}), [base, overlay] = large.layers = ['base', 'overlay'].map(name => make('canvas', {class: name}));
  furnish(overlay, {tabindex: 0, role: 'application', 'aria-roledescription': 'map', 'aria-describedby': 'map-about'}, []);
  stage.append(base, overlay);
  place.append(mapTools(), stage);
  listenForMoves(overlay, () => large.view);
  listenForPointer(overlay, makeTip(stage));
  panel(BASE_KEYS, () => {
    large.view = viewOf(currentMap(), ...fitLayers(stage));
    drawLayer(base, 'base');
    describeMap(overlay);
    // A finger that moves upwards over the whole map scrolls the page.
    overlay.style.touchAction = state.window || large.view.kind === 'space' ? 'none' : 'pan-y';
  });
  // The upper layer is drawn after the lower one, whose frame it shares.
  panel([...BASE_KEYS, ...OVERLAY_KEYS], () => {
    const {width, height} = large.view.frame;
    large.view = viewOf(currentMap(), width, height);
    drawLayer(overlay, 'overlay');
  });
  offer('map', {SVG: mapSvg, PNG: () => new Promise(done => mapCanvas().toBlob(done))});
});

// Give the layers the width of their place, and as many pixels as the screen has; return width and height.
function fitLayers(stage) {
  const width = stage.clientWidth, height = Math.round(Math.max(260, Math.min(width * 0.86, 660))), ratio = Math.min(3, devicePixelRatio || 1);
  stage.style.height = `${height}px`;
  for (const canvas of large.layers) if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    Object.assign(canvas, {width: Math.round(width * ratio), height: Math.round(height * ratio)});
  }
  return [width, height];
}

function drawLayer(canvas, layer) {
  const g = canvas.getContext('2d'), {width, height} = large.view.frame, ratio = canvas.width / width;
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  large.view.picture[layer](g, large.view);
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
    space: `${samples}, surfaces of equal ${field}; drag to turn`,
    members: map.hidden || 'the networks alone: nothing was evaluated on this map',
  }[kind];
  const lacking = map.lines?.length === 3 && !canDrawSpace() ? '. Surfaces need WebGL2, which this browser does not offer; a slice stands in for them' : '';
  about('map', words + lacking);
  document.getElementById('map-heading').textContent = mapName(map);
  canvas.setAttribute('aria-label', `${mapName(map)}. Arrow keys move it, plus and minus zoom, 0 shows all; with Shift, arrows move over samples, and Enter picks the nearest network.`);
}

// Return the map as SVG: its colours as an image inside, all marks and words as vectors.
function mapSvg() {
  const {width, height} = large.view.frame, g = new SvgContext(width, height);
  Object.assign(g, {fillStyle: pageColour('--card')}).fillRect(0, 0, width, height);
  for (const layer of ['base', 'overlay']) large.view.picture[layer](g, large.view);
  return String(g);
}

// Return the map as one canvas, on the card's colour.
function mapCanvas() {
  const [base, overlay] = large.layers, canvas = make('canvas', {width: base.width, height: base.height}), g = canvas.getContext('2d');
  Object.assign(g, {fillStyle: pageColour('--card')}).fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of [base, overlay]) g.drawImage(layer, 0, 0);
  return canvas;
}

// What the reader chose, and who draws again when a choice changes.
const state = {
  map: 0,                 // number among `maps`, the landscapes of all studies
  field: '',              // key of the field that colours and trees show
  threshold: 0,           // basins of at most this persistence are ignored; in units of the field
  neighbourhood: 'auto',  // 'auto' as the study resolved it, or 'freudenthal' or 'full' on a lattice
  from: -1, to: -1,       // the members whose pass is shown
  branch: -1,             // the branch under the pointer, in all pictures: the vertex of its minimum
  sample: -1,             // the sample under the pointer
  step: Infinity,         // training is drawn up to this step
  query: '',              // filter of the runs
  scale: 'auto',          // 'log' or 'linear' colours and heights
  limits: [null, null],   // the ends of the colours; null: as found
  trust: true,            // whether untrusted parts are marked
  samples: false,         // whether samples are drawn
  layers: new Set(),      // trails that are shown
  axes: [0, 1],           // the latent axes that are drawn, of more than two
  window: null,           // the part of the map that is drawn: [x0, x1, y0, y1]; null: all
  theme: 'light',
};
const panels = [];
let waiting = new Set();

// Have `draw()` called whenever one of these choices changes, and whenever the page's width or theme does.
function panel(keys, draw) { panels.push({keys: new Set([...keys, 'theme', 'width']), draw}); }

// Change choices; panels are drawn once, in the next frame.
function choose(changes) {
  const idle = !waiting.size;
  for (const [key, value] of Object.entries(changes)) {
    if (state[key] !== value) waiting.add(key);
    state[key] = value;
  }
  if (idle && waiting.size) requestAnimationFrame(drawPanels);
}

function drawPanels() {
  const changed = waiting;
  waiting = new Set();
  for (const {keys, draw} of panels) if ([...changed].some(key => keys.has(key))) draw();
}

// What the reader chose, and who draws again when a choice changes.
const FIRST_TURN = [-0.6, 0.45, 1];
const state = {
  map: 0,                 // number among `maps`, the landscapes of all studies
  field: '',              // key of the field that colours and trees show
  threshold: 0,           // basins of at most this persistence are ignored; in units of the field
  neighbourhood: 'auto',  // 'auto' as the study resolved it, or 'freudenthal' or 'full' on a lattice
  tree: '',               // name of the study's merge tree whose rules count, of several of one field; '': the first
  from: -1, to: -1,       // the members whose pass is shown
  branch: -1,             // the arc under the pointer, in all pictures: the vertex of its lower end, a minimum or a saddle
  sample: -1,             // the sample under the pointer
  step: Infinity,         // training is drawn up to this step
  query: '',              // filter of the runs
  scale: 'auto',          // 'log' or 'linear' colours and heights
  limits: [null, null],   // the ends of the colours; null: as found
  trust: true,            // whether untrusted parts are marked
  samples: false,         // whether samples are drawn
  layers: new Set(),      // names of the layers that are shown (`layerName` of a trail)
  hidden: new Set(),      // numbers of the runs that are not drawn; each change is a new Set
  marked: new Set(),      // numbers of the runs that stand out
  figure: -1,             // number of the figure that the runs' colours show, among the study's `known`; -1: their own
  gap: false,             // whether networks are coloured by how far true and decoded values differ
  axes: [0, 1],           // the latent axes that are drawn, of more than two
  window: null,           // the part of the map that is drawn: [x0, x1, y0, y1]; null: all
  view: 'auto',           // the picture of a map: 'auto', 'slice' of a volume, or 'network' of minima and passes
  turn: FIRST_TURN,       // how a volume is turned: about its third axis, towards the eye (radians), and its size
  level: 0.3,             // share of a volume's samples around which its outermost surface lies
  theme: 'light',
};
let studies = [], maps = []; // what the page is about: there before any panel starts; a map knows its `study`
const starts = [];
const panels = [];
let waiting = new Set();
let starting = ''; // the place in which a panel starts

// Have `start(element)` called once for the element with this id, when the studies are there.
function startIn(id, start) { starts.push([id, element => { starting = id; watchSight(element); start(element); }]); }

// Know which places are on the screen, or near it.
const unseen = new Set();
function watchSight(element) {
  new IntersectionObserver(entries => entries.forEach(one => unseen[one.isIntersecting ? 'delete' : 'add'](element.id)), {rootMargin: '300px'})
    .observe(element);
}

// Have `draw()` called after the start, whenever one of these choices changes, and when the page's width or theme does.
// What depends on the neighbourhood depends on the tree, which may have another one.
function panel(keys, draw) {
  panels.push({keys: new Set([...keys, ...keys.includes('neighbourhood') ? ['tree'] : [], 'theme', 'width']), draw, id: starting});
}

// Do `work()` of the panel in this place; an error is shown in its card until the work succeeds, and the others go on.
const failures = new Map();
function attempt(id, work) {
  failures.get(work)?.remove();
  try { work(); } catch (error) {
    const card = document.getElementById(`${id}-card`) ?? document.getElementById('notices');
    failures.set(work, make('p', {class: 'failure'}, `This part of the page failed: ${error.message}`));
    card.prepend(failures.get(work));
    console.error(error);
  }
}

// Change choices; panels are drawn once, in the next frame.
function choose(changes) {
  const idle = !waiting.size;
  for (const [key, value] of Object.entries(changes)) {
    if (state[key] !== value) waiting.add(key);
    state[key] = value;
  }
  if (idle && waiting.size) requestAnimationFrame(drawPanels);
}

// While the threshold moves, what is off the screen is drawn when the browser has nothing else to do.
const late = new Set();
function drawPanels() {
  const changed = waiting;
  waiting = new Set();
  for (const one of panels.filter(({keys}) => [...changed].some(key => keys.has(key)))) {
    if (changed.has('threshold') && unseen.has(one.id)) late.add(one);
    else drawPanel(one);
  }
  document.documentElement.toggleAttribute('data-late', late.size > 0);
  if (late.size) whenIdle(drawLate);
}

function drawPanel(one) {
  late.delete(one);
  attempt(one.id, one.draw);
}

function whenIdle(work) {
  if (window.requestIdleCallback) requestIdleCallback(work, {timeout: 300});
  else setTimeout(work, 100);
}

function drawLate() {
  for (const one of [...late]) drawPanel(one);
  document.documentElement.removeAttribute('data-late');
}

// All maps small, side by side, with the same selection: those of a run, or the cells of a sweep.
const MINI_ROOM = '300px';  // a map is drawn when it comes so near to what is seen
const MANY_MINIS = 6;       // beyond, they are smaller and scroll: more rows would leave the column beside them empty

startIn('minis', place => {
  const figures = maps.map(makeMini), draw = () => { for (const one of figures) if (one.near) drawMini(one); }, soon = drawLater(draw);
  place.append(...figures.map(one => one.figure));
  place.classList.toggle('many', maps.length > MANY_MINIS);
  const watch = new IntersectionObserver(entries => {
    for (const {target, isIntersecting} of entries) figures.find(one => one.figure === target).near = isIntersecting;
    soon();
  }, {rootMargin: MINI_ROOM});
  for (const {figure} of figures) watch.observe(figure);
  addEventListener('beforeprint', () => figures.forEach(drawMini));
  panel(['map'], () => { for (const {button, number} of figures) button.setAttribute('aria-pressed', String(number === state.map)); });
  panel([...BASE_KEYS, ...RUN_KEYS, ...POINTED_KEYS].filter(key => key !== 'window' && key !== 'sample'), soon);
});

// Return a function that has something drawn a little later, and seldom enough that a slider or the pointer, which ask
// for it again and again, are not held up.
function drawLater(draw) {
  let due = 0, cost = 0;
  return () => {
    due ||= setTimeout(() => {
      const start = performance.now();
      due = 0;
      attempt('minis', draw);
      cost = performance.now() - start;
    }, Math.max(30, 4 * cost));
  };
}

function makeMini(map, number) {
  const canvas = make('canvas', {'aria-hidden': 'true'});
  const button = make('button', {type: 'button', class: 'mini', onclick: () => chooseMap(number)}, canvas, make('bdi', {}, mapName(map)));
  return {map, number, canvas, button, figure: make('div', {}, button), near: false};
}

function drawMini({map, canvas}) {
  const {clientWidth: width, clientHeight: height} = canvas, ratio = Math.min(2, devicePixelRatio || 1);
  if (!width) return;
  Object.assign(canvas, {width: Math.round(width * ratio), height: Math.round(height * ratio)});
  const g = canvas.getContext('2d'), view = viewOf(map, width, height, true);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const layer of LAYERS) view.picture[layer](g, view);
}

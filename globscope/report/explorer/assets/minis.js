// All maps small, side by side, with the same selection: those of a run, or the cells of a sweep.
const MINI_ROOM = '300px';  // a map is drawn when it comes so near to what is seen
const MANY_MINIS = 8;       // beyond, they are smaller and scroll

startIn('minis', place => {
  const figures = maps.map(makeMini);
  place.append(...figures.map(one => one.figure));
  place.classList.toggle('many', maps.length > MANY_MINIS);
  const draw = () => { for (const one of figures) if (one.near) drawMini(one); };
  const watch = new IntersectionObserver(entries => {
    for (const {target, isIntersecting} of entries) figures.find(one => one.figure === target).near = isIntersecting;
    draw();
  }, {rootMargin: MINI_ROOM});
  for (const {figure} of figures) watch.observe(figure);
  panel([...BASE_KEYS, ...RUN_KEYS, ...POINTED_KEYS].filter(key => key !== 'window' && key !== 'sample'), draw);
});

function makeMini(map, number) {
  const canvas = make('canvas', {'aria-hidden': 'true'});
  const button = make('button', {type: 'button', class: 'mini', onclick: () => chooseMap(number)}, canvas, make('bdi', {}, mapName(map)));
  return {map, number, canvas, button, figure: make('div', {class: 'mini-place'}, button), near: false, last: ''};
}

function drawMini(one) {
  const {map, number, canvas, button} = one, width = canvas.clientWidth, height = Math.round(width * 0.82), ratio = Math.min(2, devicePixelRatio || 1);
  button.setAttribute('aria-pressed', String(number === state.map));
  if (!width) return;
  canvas.style.height = `${height}px`;
  Object.assign(canvas, {width: Math.round(width * ratio), height: Math.round(height * ratio)});
  const g = canvas.getContext('2d'), view = viewOf(map, width, height, true);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const layer of LAYERS) view.picture[layer](g, view);
}

// What can be saved: every picture as SVG and PNG, every table as CSV.
const MIME = {SVG: 'image/svg+xml', CSV: 'text/csv'};

// Offer what a card holds as files. `ways` maps 'SVG' and 'CSV' to a function that returns text, and 'PNG' to one that
// returns a blob, perhaps later; a picture that is one <svg> in its place needs only `offer(id)`.
function offer(id, ways = pictureWays(id)) {
  const group = document.getElementById(`${id}-saves`);
  for (const [kind, way] of Object.entries(ways)) {
    group.append(make('button', {type: 'button', 'aria-label': `Save as ${kind}`, onclick: () => save(id, kind, way)}, kind));
  }
}

async function save(id, kind, way) {
  const content = await way();
  const blob = content instanceof Blob ? content : new Blob([content], {type: `${MIME[kind]};charset=utf-8`});
  const link = make('a', {href: URL.createObjectURL(blob), download: `${fileStem(id)}.${kind.toLowerCase()}`});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`${link.download} saved`);
}

function fileStem(id) {
  const map = maps[state.map];
  return [map ? map.name : 'study', id].join('-').replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 100);
}

function pictureWays(id) {
  const svg = () => svgText(document.querySelector(`#${id} svg`));
  return {SVG: svg, PNG: () => rasterise(svg())};
}

// Return a drawing of the page as a file of its own: with its size, the page's colours, and its letters.
function svgText(svg) {
  const copy = svg.cloneNode(true), {width, height} = svg.getBoundingClientRect();
  if (!copy.hasAttribute('viewBox')) copy.setAttribute('viewBox', `0 0 ${width} ${height}`);
  copy.setAttribute('xmlns', SVG);
  copy.setAttribute('width', width);
  copy.setAttribute('height', height);
  copy.prepend(shape('style', {}, pictureStyle()));
  return new XMLSerializer().serializeToString(copy);
}

// Return the page's rules for pictures, with the values of today's colours.
function pictureStyle() {
  const page = getComputedStyle(document.documentElement);
  const names = ['ink', 'faint', 'paper', 'card', 'line', 'edge', 'link', 'hot', 'stem', 'shade', 'warn'];
  const colours = names.map(name => `--${name}:${page.getPropertyValue(`--${name}`).trim()}`).join(';');
  const rules = [...document.styleSheets[0].cssRules].filter(rule => rule.selectorText?.startsWith('svg '));
  return `svg{${colours};--small:13px;background:var(--card);font-family:system-ui,sans-serif}`
    + rules.map(rule => rule.cssText).join('');
}

// Return an SVG as PNG, with two pixels for each of the screen.
async function rasterise(text) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], {type: MIME.SVG}));
  await image.decode();
  const canvas = make('canvas', {width: image.width * 2, height: image.height * 2});
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise(done => canvas.toBlob(done));
}

// Reads the studies of the page: JSON, and one compressed block of arrays for each.
const ELEMENTS = {f4: Float32Array, f8: Float64Array, i4: Int32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array};

const look = JSON.parse(document.getElementById('look').textContent); // colours

async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), letter => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

// Return the page's studies; `study.array(name)` is a typed array.
async function readStudies() {
  const studies = JSON.parse(document.getElementById('studies').textContent);
  const texts = [...document.querySelectorAll('script.arrays')];
  return Promise.all(studies.map(async (study, i) => {
    const buffer = await unpack(texts[i].textContent);
    study.array = name => {
      const place = study.places[name];
      return new ELEMENTS[place.kind](buffer, place.at, place.count);
    };
    return study;
  }));
}

// Return a field's values, and its samples' order from low to high; samples that are not finite are in no order.
function readField(study, field) {
  if (field.as === 'exact') {
    const values = study.array(field.values);
    return {values, order: orderOf(values, null)};
  }
  const levels = study.array(field.levels), values = readLevels(field, levels), exact = study.array(field.values);
  const order = orderOf(levels, field.ties && study.array(field.ties));
  study.array(field.nodes).forEach((node, i) => { values[node] = exact[i]; });
  return {values, order};
}

// Return figures that have no order, such as distances.
function readFigure(study, figure) {
  return figure.as === 'exact' ? study.array(figure.values) : readLevels(figure, study.array(figure.levels));
}

const MISSING = 65535; // the level of what is not finite

function readLevels({low, high, log}, levels) {
  const values = new Float64Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    const number = low + levels[i] / (MISSING - 1) * (high - low);
    values[i] = levels[i] === MISSING ? NaN : log ? Math.exp(number) : number;
  }
  return values;
}

// Return the numbers of finite samples by value (or level, and place in the level), then by number.
function orderOf(values, ties) {
  const order = [], levels = values instanceof Uint16Array;
  for (let i = 0; i < values.length; i++) if (levels ? values[i] !== MISSING : Number.isFinite(values[i])) order.push(i);
  return Uint32Array.from(order).sort((a, b) => values[a] - values[b] || (ties ? ties[a] - ties[b] : 0) || a - b);
}

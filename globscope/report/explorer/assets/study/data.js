// Reads the studies of the page: JSON, and one compressed block of arrays for each.
const ELEMENTS = {f4: Float32Array, f8: Float64Array, i4: Int32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array};
const MISSING = 65535; // the level of what is not finite

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
      const {kind, at, count} = study.places[name];
      return kind === 'd2' ? sumsOf(new Uint8Array(buffer, at, 2 * count)) : new ELEMENTS[kind](buffer, at, count);
    };
    return study;
  }));
}

// Return whole numbers of 16 bits from their differences: first all low bytes, then all high ones.
function sumsOf(bytes) {
  const count = bytes.length / 2, sums = new Uint16Array(count);
  for (let i = 0, sum = 0; i < count; i++) sums[i] = sum = (sum + bytes[i] + 256 * bytes[count + i]) & 65535;
  return sums;
}

// Return a field's values, and its samples' order from low to high; samples that are not finite are in no order.
function readField(study, field) {
  if (field.as === 'exact') {
    const values = study.array(field.values);
    return {values, order: orderOf(values)};
  }
  const levels = study.array(field.levels), values = readLevels(study, field, levels);
  const order = orderOf(levels, field.ties && study.array(field.ties));
  if (field.nodes) {
    const exact = study.array(field.values);
    study.array(field.nodes).forEach((node, i) => { values[node] = exact[i]; });
  }
  return {values, order};
}

// Return figures that have no order, such as distances.
function readFigure(study, figure) { return readLevels(study, figure, study.array(figure.levels)); }

function readLevels(study, {as, steps, low, high, log, values}, levels) {
  const known = as === 'few' ? study.array(values) : null, read = new Float64Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    const number = known ? known[levels[i]] : low + levels[i] / steps * (high - low);
    read[i] = levels[i] === MISSING ? NaN : log ? Math.exp(number) : number;
  }
  return read;
}

// Return the numbers of finite samples by value (or by level and place in the level), then by number.
function orderOf(values, ties) {
  const order = [], levels = values instanceof Uint16Array;
  for (let i = 0; i < values.length; i++) if (levels ? values[i] !== MISSING : Number.isFinite(values[i])) order.push(i);
  return Uint32Array.from(order).sort((a, b) => values[a] - values[b] || (ties ? ties[a] - ties[b] : 0) || a - b);
}

// Reads the studies of the page: JSON, and one compressed block of arrays for each.
const ELEMENTS = {f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array};

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
  const levels = study.array(field.levels), ties = study.array(field.ties), values = new Float64Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    const number = field.low + levels[i] / 65534 * (field.high - field.low);
    values[i] = levels[i] === 65535 ? NaN : field.log ? Math.exp(number) : number;
  }
  const order = orderOf(levels.map(level => level), ties, 65535), exact = study.array(field.values);
  study.array(field.nodes).forEach((node, i) => { values[node] = exact[i]; });
  return {values, order};
}

function orderOf(values, ties, missing) {
  const order = [];
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]) && values[i] !== missing) order.push(i);
  return Uint32Array.from(order).sort((a, b) => values[a] - values[b] || (ties ? ties[a] - ties[b] : 0) || a - b);
}

// Where a landscape's samples are, and sheets: the samples of a lattice over two of its axes. A lattice of two axes is a
// sheet; of more, the slice through the lowest sample is one.

// Return the sample at each place of a lattice, in row-major order; -1 where none is. Null: place i holds sample i.
function samplesByPlace(map) {
  return remember(map, 'samples by place', () => {
    if (!map.vertices) return null;
    const samples = new Int32Array(map.shape.reduce((product, size) => product * size, 1)).fill(-1);
    map.study.array(map.vertices).forEach((place, sample) => { samples[place] = sample; });
    return samples;
  });
}

// Return the latent coordinates of a sample.
function pointOf(map, sample) { return latentsOn(map).subarray(sample * map.dimension, (sample + 1) * map.dimension); }

// Return the sheet of a landscape over two axes; null where its samples are not a lattice, or it has fewer axes.
function sheetOf(map, values, axes) {
  if (!map.lines || map.lines.length < 2 || axes.some(axis => map.shape[axis] < 2)) return null;
  const through = map.lines.length > 2 ? lowestSample(values) : 0;
  return remember(map, `sheet ${axes} ${through}`, () => {
    const samples = samplesByPlace(map), [a, b] = axes, [nx, ny] = [map.shape[a], map.shape[b]], strides = rowMajorStrides(map.shape);
    const index = latticeIndex(map.shape, map.vertices ? map.study.array(map.vertices)[through] : through);
    const base = index.reduce((sum, at, axis) => axes.includes(axis) ? sum : sum + at * strides[axis], 0);
    const numbers = Int32Array.from({length: nx * ny}, (_, k) => base + Math.floor(k / ny) * strides[a] + k % ny * strides[b]);
    return {axes, nx, ny, xs: map.lines[a], ys: map.lines[b], numbers: samples ? numbers.map(place => samples[place]) : numbers};
  });
}

function lowestSample(values) {
  let low = 0;
  for (let i = 1; i < values.length; i++) if (values[i] < values[low] || !Number.isFinite(values[low])) low = i;
  return low;
}

// Return where a value lies among rising (or falling) positions, in steps: 1.5 is half-way between the second and third.
function stepAt(positions, value) {
  const rising = positions[positions.length - 1] > positions[0];
  let low = 0, high = positions.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rising ? positions[middle] <= value : positions[middle] >= value) low = middle; else high = middle - 1;
  }
  return low + (value - positions[low]) / (positions[low + 1] - positions[low]);
}

// Return the value at a step, which may lie between two positions, or beyond the ends.
function valueAt(positions, step) {
  const low = Math.max(0, Math.min(positions.length - 2, Math.floor(step)));
  return positions[low] + (positions[low + 1] - positions[low]) * (step - low);
}

// Return the window of a sheet's cells: half a step beyond its first and last samples.
function sheetWindow({xs, ys}) {
  const ends = positions => [valueAt(positions, -0.5), valueAt(positions, positions.length - 0.5)].sort((a, b) => a - b);
  return [...ends(xs), ...ends(ys)];
}

// Return the sample of the cell in which a point lies; -1 where none is.
function sampleOnSheet({xs, ys, nx, ny, numbers}, x, y) {
  const i = Math.round(stepAt(xs, x)), j = Math.round(stepAt(ys, y));
  return i < 0 || j < 0 || i >= nx || j >= ny ? -1 : numbers[i * ny + j];
}

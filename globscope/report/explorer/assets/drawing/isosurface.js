// Surfaces of equal height in a lattice of three axes: marching tetrahedra on its Freudenthal triangulation, on which
// the merge tree is found too, so that a surface falls into two where two basins part. No DOM.

// The six tetrahedra of a cell, each along one way between two opposite corners; a corner is 4 x + 2 y + z. As with the
// tree's neighbours, the last axis runs backwards: from (0, 0, 1) to (1, 1, 0).
const TETRAHEDRA = [[4, 6], [4, 5], [2, 6], [2, 3], [1, 5], [1, 3]].map(way => [0, ...way, 7].map(corner => corner ^ 1));

// Return the corners of triangles: each lies on an edge of the lattice, at a share of the way from its first sample,
// which is lower than `level`, to its second. `ends` are two sample numbers a corner, `shares` one number a corner;
// three corners a triangle. Tetrahedra with a sample that is not finite are left out.
function isosurface(values, [nx, ny, nz], level) {
  const ends = [], shares = [], cell = new Int32Array(8);
  for (let x = 0; x < nx - 1; x++) for (let y = 0; y < ny - 1; y++) for (let z = 0; z < nz - 1; z++) {
    let below = 0;
    for (let k = 0; k < 8; k++) {
      cell[k] = ((x + (k >> 2)) * ny + y + (k >> 1 & 1)) * nz + z + (k & 1);
      if (values[cell[k]] < level) below++;
    }
    if (below && below < 8) for (const tetrahedron of TETRAHEDRA) cutTetrahedron(values, tetrahedron.map(k => cell[k]), level, ends, shares);
  }
  return {ends: Uint32Array.from(ends), shares: Float32Array.from(shares)};
}

function cutTetrahedron(values, samples, level, ends, shares) {
  if (!samples.every(sample => Number.isFinite(values[sample]))) return;
  const low = samples.filter(sample => values[sample] < level), high = samples.filter(sample => values[sample] >= level);
  const cuts = low.flatMap(one => high.map(other => [one, other]));
  // Two samples below and two above: a quadrilateral, around which the cuts stand as 0, 1, 3, 2.
  for (const triangle of cuts.length === 4 ? [[0, 1, 3], [0, 3, 2]] : cuts.length === 3 ? [[0, 1, 2]] : []) {
    for (const k of triangle) {
      ends.push(...cuts[k]);
      shares.push((level - values[cuts[k][0]]) / (values[cuts[k][1]] - values[cuts[k][0]]));
    }
  }
}

// Return numbers at a surface's corners, `size` a corner, linear along each edge; `at(sample)` are its numbers.
function alongEdges({ends, shares}, size, at) {
  const numbers = new Float32Array(shares.length * size);
  for (let i = 0; i < shares.length; i++) {
    const low = at(ends[2 * i]), high = at(ends[2 * i + 1]);
    for (let k = 0; k < size; k++) numbers[i * size + k] = low[k] + (high[k] - low[k]) * shares[i];
  }
  return numbers;
}

// Return the differences between a sample's neighbours along each axis; 0 where one is not finite.
function gradientAt(values, shape, sample) {
  const strides = rowMajorStrides(shape), index = latticeIndex(shape, sample);
  return strides.map((stride, axis) => {
    const up = index[axis] < shape[axis] - 1 ? sample + stride : sample, down = index[axis] ? sample - stride : sample;
    return Number.isFinite(values[up] - values[down]) ? values[up] - values[down] : 0;
  });
}

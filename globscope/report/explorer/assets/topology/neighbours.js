// Which samples are neighbours: on a lattice of any dimension, or on a graph. No DOM.
// A neighbourhood is `{samples, most, around(sample, into)}`: `around` writes the neighbours' numbers, at most `most`,
// into an array and returns how many there are.

// The steps from a lattice vertex to its neighbours, both ways: those of `offsets` in `neighbour_rules.py`.
// Freudenthal's triangulation joins x with x + e, e any non-zero vector of zeros and ones; its last axis runs backwards.
function latticeSteps(axes, kind) {
  const choices = kind === 'full' ? [-1, 0, 1] : [0, 1];
  let steps = [[]];
  for (let axis = 0; axis < axes; axis++) steps = steps.flatMap(step => choices.map(one => [...step, one]));
  steps = steps.filter(step => step.some(one => one !== 0));
  if (kind === 'full') return steps;
  const ahead = steps.map(step => step.map((one, axis) => axis === axes - 1 ? 0 - one : one));
  return [...ahead, ...ahead.map(step => step.map(one => 0 - one))];
}

// The distance in a row-major array from each vertex to the next one along every axis.
function rowMajorStrides(shape) {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

function latticeIndex(shape, vertex) {
  const index = new Array(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = vertex % shape[axis];
    vertex = (vertex - index[axis]) / shape[axis];
  }
  return index;
}

// The neighbours on a lattice, found as they are asked for. `vertices` are the samples' places in its row-major order; null
// where sample i is at place i. A rim of absent vertices around the lattice saves every test for a border.
function latticeNeighbours(shape, kind, vertices = null) {
  const padded = shape.map(size => size + 2), strides = rowMajorStrides(padded);
  const along = step => step.reduce((sum, one, axis) => sum + one * strides[axis], 0);
  const samples = vertices ? vertices.length : shape.reduce((product, size) => product * size, 1);
  const places = new Int32Array(samples), numbers = new Int32Array(padded.reduce((product, size) => product * size, 1)).fill(-1);
  for (let sample = 0; sample < samples; sample++) {
    places[sample] = along(latticeIndex(shape, vertices ? vertices[sample] : sample).map(one => one + 1));
    numbers[places[sample]] = sample;
  }
  const steps = Int32Array.from(latticeSteps(shape.length, kind), along);
  const around = (sample, into) => {
    let count = 0;
    for (const step of steps) {
      const number = numbers[places[sample] + step];
      if (number >= 0) into[count++] = number;
    }
    return count;
  };
  return {samples, most: steps.length, around};
}

// The neighbours on a graph of so many samples; `edges` are pairs of sample numbers, one after another.
function graphNeighbours(edges, samples) {
  const starts = new Uint32Array(samples + 1), ends = new Uint32Array(edges.length);
  for (const end of edges) starts[end + 1]++;
  const most = starts.reduce((highest, degree) => Math.max(highest, degree), 0);
  for (let sample = 0; sample < samples; sample++) starts[sample + 1] += starts[sample];
  const free = starts.slice();
  for (let edge = 0; edge < edges.length; edge += 2) {
    ends[free[edges[edge]]++] = edges[edge + 1];
    ends[free[edges[edge + 1]]++] = edges[edge];
  }
  const around = (sample, into) => {
    const start = starts[sample], count = starts[sample + 1] - start;
    for (let k = 0; k < count; k++) into[k] = ends[start + k];
    return count;
  };
  return {samples, most, around};
}

// Return the edges of a graph that lead on, where others only end at a fork, in fans that would hide the paths; as
// `leading_edges` in Python.
function leadingEdges(edges) {
  const degrees = new Uint32Array(edges.reduce((most, sample) => Math.max(most, sample), -1) + 1);
  for (const sample of edges) degrees[sample]++;
  return edges.filter((_, end) => {
    const [one, other] = [degrees[edges[end]], degrees[edges[end ^ 1]]];
    return Math.min(one, other) > 1 || Math.max(one, other) < 3;
  });
}

// The lowest pass between two samples, and a short way over it. No DOM.

// A way from one sample to another that nowhere climbs above their pass and is short where the heights are low; its
// samples' numbers, empty where there is none. `toll(sample)` ≥ 0 is what makes a high sample longer to cross.
function lowestPath(full, neighbourhood, first, second, toll, length) {
  const top = passVertex(full, first, second);
  if (top < 0) return [];
  const to = shortestWay(full, neighbourhood, first, top, toll, length);
  return [...to, ...shortestWay(full, neighbourhood, top, second, toll, length).slice(1)];
}

// Dijkstra's algorithm over the samples that the sweep reaches no later than the higher of the two ends.
function shortestWay(full, neighbourhood, start, end, toll, length) {
  const {place} = full, reach = Math.max(place[start], place[end]), queue = newQueue();
  const distance = new Float64Array(neighbourhood.samples).fill(Infinity);
  const before = new Int32Array(neighbourhood.samples).fill(-1), around = new Int32Array(neighbourhood.most);
  distance[start] = 0;
  queue.push(0, start);
  for (let [way, sample] = queue.pop(); sample !== end; [way, sample] = queue.pop()) {
    if (way > distance[sample]) continue;
    const count = neighbourhood.around(sample, around);
    for (let k = 0; k < count; k++) {
      const next = around[k], longer = way + length(sample, next) * (1 + toll(next));
      if (place[next] < 0 || place[next] > reach || longer >= distance[next]) continue;
      distance[next] = longer;
      before[next] = sample;
      queue.push(longer, next);
    }
  }
  const path = [];
  for (let sample = end; sample >= 0; sample = before[sample]) path.push(sample);
  return path.reverse();
}

// Numbers with a key, of which the one with the smallest key comes first: a binary heap.
function newQueue() {
  const keys = [], numbers = [];
  const swap = (a, b) => {
    [keys[a], keys[b]] = [keys[b], keys[a]];
    [numbers[a], numbers[b]] = [numbers[b], numbers[a]];
  };
  const rise = at => {
    for (let above = (at - 1) >> 1; at > 0 && keys[at] < keys[above]; at = above, above = (at - 1) >> 1) swap(at, above);
  };
  const sink = at => {
    for (let below = 2 * at + 1; below < keys.length; at = below, below = 2 * at + 1) {
      if (below + 1 < keys.length && keys[below + 1] < keys[below]) below++;
      if (keys[at] <= keys[below]) return;
      swap(at, below);
    }
  };
  return {
    push(key, number) {
      numbers.push(number);
      rise(keys.push(key) - 1);
    },
    pop() {
      swap(0, keys.length - 1);
      const smallest = [keys.pop(), numbers.pop()];
      sink(0);
      return smallest;
    },
  };
}

// The value between the samples of a lattice at a place counted in its steps: linear in each simplex of Freudenthal's
// triangulation, so that nothing between neighbours is higher than the higher one. Its last axis runs backwards.
function latticeValue(values, shape, place) {
  const strides = rowMajorStrides(shape), back = axis => axis === shape.length - 1 && shape[axis] > 1;
  const cell = place.map((at, axis) => Math.max(0, Math.min(shape[axis] - 2, Math.floor(at))));
  const share = place.map((at, axis) => back(axis) ? cell[axis] + 1 - at : at - cell[axis]);
  const axes = share.map((_, axis) => axis).sort((a, b) => share[b] - share[a]);
  let vertex = cell.reduce((sum, at, axis) => sum + (at + back(axis)) * strides[axis], 0);
  let value = 0, rest = 1;
  for (const axis of axes) {
    if (rest > share[axis]) value += (rest - share[axis]) * values[vertex];
    rest = share[axis];
    vertex += back(axis) ? -strides[axis] : strides[axis];
  }
  return rest > 0 ? value + rest * values[vertex] : value;
}

// A straightened path on a lattice: a chord replaces a part of the path where the values between the samples are nowhere
// above that part's highest; the pass itself stays. Returns the numbers of the path's samples at which it turns.
function tautCorners(values, shape, path, top) {
  const at = path.map(sample => latticeIndex(shape, sample)), pass = path.indexOf(top), corners = [0];
  for (let from = 0; from < path.length - 1;) {
    let to = from < pass ? pass : path.length - 1;
    while (to > from + 1 && !isChord(values, shape, at, path, from, to)) to--;
    corners.push(to);
    from = to;
  }
  return corners;
}

function isChord(values, shape, at, path, from, to) {
  let highest = -Infinity;
  for (let k = from; k <= to; k++) highest = Math.max(highest, values[path[k]]);
  const count = placeCount(at[from], at[to]);
  for (let k = 1; k < count; k++) if (!(latticeValue(values, shape, placeBetween(at[from], at[to], k / count)) <= highest)) return false;
  return true;
}

const PLACES = 4; // at which a chord is looked at, to a step of the lattice

function placeCount(from, to) { return Math.max(1, Math.ceil(Math.hypot(...to.map((end, axis) => end - from[axis])) * PLACES)); }

function placeBetween(from, to, share) { return from.map((start, axis) => start + (to[axis] - start) * share); }

// Places on the straight line between two, both ends included.
function placesBetween(from, to) {
  const count = placeCount(from, to);
  return Array.from({length: count + 1}, (_, k) => placeBetween(from, to, k / count));
}

// What cells and rows of several tables have in common.

// Return a button in a row that lights up what the row is about, under the pointer and when it has the focus.
function rowButton(name, text, about, press = () => choose(about)) {
  return make('button', {type: 'button', class: 'row-button', 'data-focus': name, onclick: press, onfocus: () => choose(about)}, make('bdi', {}, text));
}

function lightBranch(line, vertex) {
  line.dataset.branch = vertex;
  line.classList.toggle('on', vertex === state.branch);
  line.addEventListener('pointerenter', () => choose({branch: vertex}));
  line.addEventListener('pointerleave', () => choose({branch: -1}));
}

function lightSample(line, sample) {
  line.dataset.sample = sample;
  line.classList.toggle('on', sample >= 0 && sample === state.sample);
  line.addEventListener('pointerenter', () => choose({sample, branch: branchOfSample(currentMap(), sample)}));
  line.addEventListener('pointerleave', () => choose({sample: -1, branch: -1}));
}

function markRows(place, isOn) { for (const line of place.querySelectorAll('tbody tr')) line.classList.toggle('on', isOn(line)); }

function trustCell(trusted) { return trusted ? 'yes' : make('span', {class: 'warn'}, 'no'); }

function percentWords(share) { return `${(100 * share).toFixed(1)} %`; }

// Return the coordinates as columns, named as in the run's own tables; the page does without more than three.
function coordinateColumns(map, point) {
  const {dimension, axes} = map;
  return axes.map((head, axis) => ({key: dimension > 3 ? `x${axis + 1}` : 'xyz'[axis], head, value: row => point(row)[axis], fileOnly: axis > 2}));
}

// Return what the basin of a sample is called.
function basinOfSample(map, tree, sample) {
  const arc = sample < 0 ? -1 : arcAt(tree, sample);
  return arc < 0 ? '' : arcName(map, arc);
}

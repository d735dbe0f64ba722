// Where the arcs of a merge tree stand side by side, in the tree and in the landscape profile alike. No DOM.

// Return the left end of each arc, counted in samples from the middle. Arcs that meet are placed by size: from the
// smallest on, each takes the end that is farther from the middle of what they join, so that the largest is nearest to
// it; as `outline` in `globscope/topology/outline.py`, and its source.
function placeArcs(tree) {
  const {arcs, roots} = tree, left = new Float64Array(arcs.length);
  placeSideBySide(arcs, left, roots, 0);
  for (let arc = arcs.length - 1; arc >= 0; arc--) {
    placeSideBySide(arcs, left, arcs[arc].kids, left[arc] + arcs[arc].size / 2);
  }
  return left;
}

function placeSideBySide(arcs, left, group, centre) {
  const total = group.reduce((sum, arc) => sum + arcs[arc].size, 0);
  let first = centre - total / 2, last = centre + total / 2;
  for (const arc of [...group].sort((a, b) => arcs[a].size - arcs[b].size || b - a)) {
    if (Math.abs(first) > Math.abs(last)) {
      left[arc] = first;
      first += arcs[arc].size;
    } else {
      last -= arcs[arc].size;
      left[arc] = last;
    }
  }
}

// Return the column of each arc, 0 … leaves − 1: of a leaf its place from left to right, of others the middle of those
// that meet below.
function columnsOf(tree, left) {
  const columns = new Float64Array(tree.arcs.length);
  [...tree.leaves].sort((a, b) => left[a] - left[b]).forEach((leaf, column) => { columns[leaf] = column; });
  tree.arcs.forEach(({kids}, arc) => {
    if (kids.length) columns[arc] = kids.reduce((sum, kid) => sum + columns[kid], 0) / kids.length;
  });
  return columns;
}

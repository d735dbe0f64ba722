// Lines of equal height on a sheet: a lattice of nx × ny values, the second axis running fastest.

// Return the segments of a contour as x, y, x, y of both ends, in steps of the lattice. Cells with a corner that is
// not finite have none.
function contour(values, nx, ny, level) {
  const segments = [], corners = [0, ny, ny + 1, 1], across = [0, 1, 1, 0], up = [0, 0, 1, 1];
  for (let x = 0; x < nx - 1; x++) for (let y = 0; y < ny - 1; y++) {
    const first = x * ny + y, above = corners.map(step => values[first + step] >= level);
    if (above[0] === above[1] && above[1] === above[2] && above[2] === above[3]) continue;
    if (corners.some(step => !Number.isFinite(values[first + step]))) continue;
    for (let k = 0; k < 4; k++) {
      const next = (k + 1) % 4;
      if (above[k] === above[next]) continue;
      const a = values[first + corners[k]], b = values[first + corners[next]], share = (level - a) / (b - a);
      segments.push(x + across[k] + (across[next] - across[k]) * share, y + up[k] + (up[next] - up[k]) * share);
    }
  }
  return segments;
}

// Return the sides between samples that are in a set and their neighbours that are not, as segments like a contour's:
// the outline of the samples' cells.
function outline(inside, nx, ny) {
  const segments = [], has = (x, y) => x >= 0 && y >= 0 && x < nx && y < ny && inside(x * ny + y);
  for (let x = 0; x < nx; x++) for (let y = 0; y < ny; y++) {
    if (!inside(x * ny + y)) continue;
    if (!has(x - 1, y)) segments.push(x - 0.5, y - 0.5, x - 0.5, y + 0.5);
    if (!has(x + 1, y)) segments.push(x + 0.5, y - 0.5, x + 0.5, y + 0.5);
    if (!has(x, y - 1)) segments.push(x - 0.5, y - 0.5, x + 0.5, y - 0.5);
    if (!has(x, y + 1)) segments.push(x - 0.5, y + 0.5, x + 0.5, y + 0.5);
  }
  return segments;
}

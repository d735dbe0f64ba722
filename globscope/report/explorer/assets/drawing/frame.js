// Where a picture stands on its canvas, and which part of the map it shows.

// Return the frame of a picture: `window` is the shown part, [x0, x1, y0, y1] in the map's units; y points upwards.
function frameOf(width, height, window, margins) {
  const [left, top, right, bottom] = margins, [x0, x1, y0, y1] = window;
  const across = Math.max(1, width - left - right), up = Math.max(1, height - top - bottom);
  return {
    left, top, across, up, window, width, height,
    x: value => left + (value - x0) / (x1 - x0) * across,
    y: value => top + up - (value - y0) / (y1 - y0) * up,
    atX: pixel => x0 + (pixel - left) / across * (x1 - x0),
    atY: pixel => y0 + (top + up - pixel) / up * (y1 - y0),
    holds: (x, y) => x >= left && x <= left + across && y >= top && y <= top + up,
  };
}

// Return a window that is `factor` times as large, in which (x, y) keeps its place on the screen.
function zoomWindow([x0, x1, y0, y1], factor, x, y) {
  return [x + (x0 - x) * factor, x + (x1 - x) * factor, y + (y0 - y) * factor, y + (y1 - y) * factor];
}

function shiftWindow([x0, x1, y0, y1], dx, dy) { return [x0 + dx, x1 + dx, y0 + dy, y1 + dy]; }

// Return a window that is no larger than the whole map, nor smaller than a thousandth of it, and shows some of it;
// null: it is the whole map.
function keepWindow(window, whole) {
  const kept = [];
  for (const k of [0, 2]) {
    const all = whole[k + 1] - whole[k], size = Math.min(all, Math.max(all / 1000, window[k + 1] - window[k]));
    const middle = (window[k] + window[k + 1]) / 2;
    const low = Math.min(Math.max(middle - size / 2, whole[k]), whole[k + 1] - size);
    kept.push(low, low + size);
  }
  const same = kept.every((value, k) => Math.abs(value - whole[k]) <= 1e-9 * (whole[1] - whole[0] + whole[3] - whole[2]));
  return same ? null : kept;
}

// Return the window around points, (n, 2) one after another, with room of a share of its size; NaN is left out.
function windowAround(points, room = 0.05) {
  const ends = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    const k = 2 * (i % 2);
    if (!Number.isFinite(points[i])) continue;
    ends[k] = Math.min(ends[k], points[i]);
    ends[k + 1] = Math.max(ends[k + 1], points[i]);
  }
  for (const k of [0, 2]) {
    if (!(ends[k] <= ends[k + 1])) ends.splice(k, 2, 0, 1);
    const space = (ends[k + 1] - ends[k]) * room || 0.5;
    ends[k] -= space;
    ends[k + 1] += space;
  }
  return ends;
}

// Return round numbers between two ends, about `count` of them.
function roundTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(k => raw <= k * power * (1 + 1e-9));
  const ticks = [];
  if (!Number.isFinite(step) || step <= 0) return ticks;
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(k === 0 ? 0 : +(k * step).toPrecision(12));
  return ticks;
}

// The colours of a sheet as an image, made once for each field and scale: drawing it at any zoom is cheap.
const HEAT_SIDE = 720, SMALL_SIDE = 200;  // pixels of the longer side, at least
const HATCHING = [-1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];  // across the lines over what is not trusted
const NOTHING = [[34, 39, 46], [255, 255, 255]];  // lines and ground where a height is not finite

// Return a canvas with the sheet's colours, its first row at the top: where the second axis is highest. `unit(value)`
// is 0 … 1; what is not trusted has greys of the same lightness, thinly hatched.
function heatImage(sheet, values, unit, trusted, side) {
  const zoom = Math.max(1, Math.ceil(side / Math.max(sheet.nx, sheet.ny)));
  const across = stepsAcross(sheet.xs, sheet.nx * zoom), up = stepsAcross(sheet.ys, sheet.ny * zoom).reverse();
  const canvas = document.createElement('canvas');
  canvas.width = across.length;
  canvas.height = up.length;
  const g = canvas.getContext('2d'), image = g.createImageData(canvas.width, canvas.height);
  const trust = trusted && Float32Array.from(sheet.numbers, number => number < 0 ? 1 : trusted[number]);
  fillPixels(image, {across, up, trust, heights: heightsOn(sheet, values, unit), sheet, colours: paletteOf(), greys: paletteOf('greys')});
  g.putImageData(image, 0, 0);
  return canvas;
}

// Return a sheet's heights, 0 … 1; NaN where one is not finite or nothing was sampled.
function heightsOn({numbers}, values, unit) {
  return Float32Array.from(numbers, number => number >= 0 && Number.isFinite(values[number]) ? unit(values[number]) : NaN);
}

// Return the step of every pixel along an axis, evenly in the axis' own units, by rising value.
function stepsAcross(positions, count) {
  const first = valueAt(positions, -0.5), last = valueAt(positions, positions.length - 0.5);
  const [low, high] = first < last ? [first, last] : [last, first];
  return Array.from({length: count}, (_, k) => {
    const step = stepAt(positions, low + (k + 0.5) / count * (high - low));
    return Math.max(0, Math.min(positions.length - 1, step));
  });
}

// Heights are linear between samples; beside one without a finite height, a cell has the colour of its own sample. What
// is not finite is hatched, and what was not sampled stays empty.
function fillPixels(image, {across, up, trust, heights, sheet: {nx, ny, numbers}, colours, greys}) {
  let at = 0;
  for (let row = 0; row < up.length; row++) {
    const y = Math.min(Math.floor(up[row]), ny - 2), g = up[row] - y;
    for (let column = 0; column < across.length; column++, at += 4) {
      const x = Math.min(Math.floor(across[column]), nx - 2), f = across[column] - x, first = x * ny + y;
      const own = first + (f < 0.5 ? 0 : ny) + (g < 0.5 ? 0 : 1);
      if (numbers[own] < 0) continue;
      const linear = blend(heights, first, ny, f, g), height = linear === linear ? linear : heights[own];
      const faint = trust !== null && blend(trust, first, ny, f, g) < 0.5, k = 3 * Math.round(255 * height);
      const hatched = faint ? HATCHING[(row + column) % HATCHING.length] : null, line = (row + column) % 9 < 2 || (row - column + 9000) % 9 < 2;
      for (let c = 0; c < 3; c++) image.data[at + c] = height === height ? mixed((faint ? greys : colours)[k + c], hatched) : NOTHING[line ? 0 : 1][c];
      image.data[at + 3] = 255;
    }
  }
}

// Return a channel with a line of hatching over it: pale (1) or dark (-1).
function mixed(channel, line) { return line > 0 ? channel + 0.3 * (255 - channel) : line < 0 ? 0.6 * channel : channel; }

function blend(values, first, ny, f, g) {
  return (values[first] * (1 - g) + values[first + 1] * g) * (1 - f) + (values[first + ny] * (1 - g) + values[first + ny + 1] * g) * f;
}

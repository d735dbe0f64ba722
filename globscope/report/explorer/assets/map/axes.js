// The frame of a large picture: ticks, the axes' names, and the bar that says which colour is which height.

function drawSurroundings(g, view) {
  if (view.kind !== 'space') drawAxes(g, view);
  if (view.kind !== 'members' && view.kind !== 'line') drawBar(g, view);
  drawKey(g, view);
}

function drawAxes(g, view) {
  const {frame, map, axes} = view, [x0, x1, y0, y1] = frame.window, ink = pageColour('--faint');
  g.save();
  Object.assign(g, {strokeStyle: pageColour('--edge'), lineWidth: 1});
  g.beginPath();
  g.rect(frame.left, frame.top, frame.across, frame.up);
  g.stroke();
  const write = (words, x, y, align, base) => drawWords(g, words, x, y, ink, {halo: '', font: wordsFont(false), align, base});
  for (const x of roundTicks(x0, x1, Math.max(2, frame.across / 110))) write(tickWords(x), frame.x(x), frame.top + frame.up + 5, 'center', 'top');
  if (view.kind === 'line') for (const value of view.scale.ticks()) {
    const y = frame.y(view.scale.unit(value));
    if (y >= frame.top && y <= frame.top + frame.up) write(formatNumber(value), frame.left - 6, y, 'right', 'middle');
  } else for (const y of roundTicks(y0, y1, Math.max(2, frame.up / 80))) write(tickWords(y), frame.left - 6, frame.y(y), 'right', 'middle');
  write(view.kind === 'line' ? lineWords(view) : map.axes[axes[0]], frame.left + frame.across / 2, frame.top + frame.up + 37, 'center', 'bottom');
  if (view.kind !== 'line' && map.dimension > 1) write(map.axes[axes[1]], frame.left, frame.top - 5, 'left', 'bottom');
  g.restore();
}

function tickWords(value) { return String(+value.toPrecision(4)).replace('-', '−'); }

// Draw the colours' bar right of a picture, with the heights that are ticked. Beside the colours stand the greys of what
// is not trusted, if there is any.
function drawBar(g, view) {
  const {frame, scale, trusted} = view, left = frame.left + frame.across + 10, greys = trusted !== null && trusted.includes(0);
  g.drawImage(barImage('depths'), left, frame.top, greys ? 9 : 14, frame.up);
  if (greys) g.drawImage(barImage('greys'), left + 9, frame.top, 5, frame.up);
  drawLine(g, [[left, frame.top], [left + 14, frame.top], [left + 14, frame.top + frame.up], [left, frame.top + frame.up], [left, frame.top]], {colour: pageColour('--edge'), width: 1});
  for (const value of scale.ticks()) {
    const y = frame.top + frame.up * (1 - scale.unit(value));
    drawLine(g, [[left + 14, y], [left + 17, y]], {colour: pageColour('--edge'), width: 1});
    drawWords(g, formatNumber(value), left + 20, y, pageColour('--faint'), {halo: '', font: wordsFont(false)});
  }
}

function barImage(name) {
  return remember(look, `bar of ${name}`, () => {
    const palette = paletteOf(name), canvas = make('canvas', {width: 1, height: 256}), g = canvas.getContext('2d'), image = g.createImageData(1, 256);
    for (let k = 0; k < 256; k++) for (let c = 0; c < 4; c++) image.data[4 * (255 - k) + c] = c === 3 ? 255 : palette[3 * k + c];
    g.putImageData(image, 0, 0);
    return canvas;
  });
}

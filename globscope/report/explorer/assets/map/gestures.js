// Moving over a map: wheel, drag, pinch and keys zoom and shift what is shown, or turn a map of three axes.
const FULL_TURN = 240;  // pixels of dragging for half a turn

// Have a canvas answer; `view()` is what is drawn on it.
function listenForMoves(canvas, view) {
  const fingers = new Map();
  const place = event => { const {left, top} = canvas.getBoundingClientRect(); return [event.clientX - left, event.clientY - top]; };
  canvas.addEventListener('wheel', event => {
    // A page that scrolls down is not held where nothing is left to zoom out of.
    if (event.deltaY > 0 && !state.window && view().kind !== 'space') return;
    event.preventDefault();
    zoomAt(view(), 1.0018 ** Math.max(-300, Math.min(300, event.deltaY * (event.deltaMode ? 30 : 1))), ...place(event));
  }, {passive: false});
  canvas.addEventListener('pointerdown', event => {
    fingers.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', event => {
    if (!fingers.has(event.pointerId)) return;
    const before = [...fingers.values()];
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) dragBy(view(), place(event)[0] - before[0][0], place(event)[1] - before[0][1]);
    else if (fingers.size === 2) pinchTo(view(), before, [...fingers.values()]);
  });
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, event => fingers.delete(event.pointerId));
  canvas.addEventListener('keydown', event => { if (!event.ctrlKey && !event.metaKey && !event.altKey && moveByKey(view(), event.key, event.shiftKey)) event.preventDefault(); });
}

// Show a part that is `factor` times as large; what is at the pixel stays there.
function zoomAt(view, factor, px, py) {
  if (view.kind === 'space') {
    const [turn, tilt, size] = state.turn;
    choose({turn: [turn, tilt, Math.max(0.4, Math.min(8, size / factor))]});
  } else showWindow(view, zoomWindow(shownWindow(view), factor, view.frame.atX(px), view.frame.atY(py)));
}

function dragBy(view, dx, dy) {
  if (view.kind === 'space') turnBy(dx / FULL_TURN * Math.PI, dy / FULL_TURN * Math.PI);
  else {
    const [x0, x1, y0, y1] = shownWindow(view), {across, up} = view.frame;
    showWindow(view, shiftWindow([x0, x1, y0, y1], -dx / across * (x1 - x0), dy / up * (y1 - y0)));
  }
}

function pinchTo(view, [a, b], [c, d]) {
  const gap = (one, other) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1])), middle = [(c[0] + d[0]) / 2, (c[1] + d[1]) / 2];
  zoomAt(view, gap(a, b) / gap(c, d), ...middle);
}

// Several moves may come before the next frame is drawn: they go on from the window that is chosen, not the one drawn.
function shownWindow(view) { return state.window || view.whole; }

function showWindow(view, window) { choose({window: keepWindow(window, view.whole)}); }

function turnBy(across, up) {
  const [turn, tilt, size] = state.turn;
  choose({turn: [turn + across, Math.max(-Math.PI / 2, Math.min(Math.PI / 2, tilt + up)), size]});
}

// Do what a key means on a map; return whether it means anything.
function moveByKey(view, key, shift) {
  const {left, top, across, up} = view.frame, middle = [left + across / 2, top + up / 2];
  const arrow = {ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[key];
  if (arrow && shift) pointBeside(view, ...arrow);
  else if (arrow && view.kind === 'space') turnBy(arrow[0] * Math.PI / 12, arrow[1] * Math.PI / 12);
  else if (arrow) dragBy(view, arrow[0] * across / 8, arrow[1] * up / 8);
  else if (key === '+' || key === '=') zoomAt(view, 0.8, ...middle);
  else if (key === '-' || key === '_') zoomAt(view, 1.25, ...middle);
  else if (key === '0' || key === 'Home') choose({window: null, turn: FIRST_TURN});
  else if (key === 'Enter' && state.sample >= 0) pickNear(view);
  else return false;
  return true;
}

// Move from the sample under the pointer to the nearest one in a direction; of none, to the one nearest to the middle.
function pointBeside(view, left, up) {
  const {frame, values} = view, own = state.sample >= 0 && view.place(pointOf(view.map, state.sample), values[state.sample]);
  const [x, y] = own || [frame.left + frame.across / 2, frame.top + frame.up / 2];
  let found = -1, least = Infinity;
  for (let sample = 0; sample < values.length; sample++) {
    const place = sample !== state.sample && view.place(pointOf(view.map, sample), values[sample]);
    if (!place || !frame.holds(...place) || view.projected && !view.sheet.numbers.includes(sample)) continue;
    const along = own ? -left * (place[0] - x) - up * (place[1] - y) : 1, length = Math.hypot(place[0] - x, place[1] - y);
    // Within 45° of the direction, and rather straight ahead than near.
    if (along < length * 0.7 * Boolean(own) || length * (3 - 2 * along / length) >= least) continue;
    [found, least] = [sample, length * (3 - 2 * along / length)];
  }
  if (found < 0) return;
  choose({sample: found, branch: branchOfSample(view.map, found)});
  say(sampleLines(view, found).join('; '));
}

// Make the network nearest to the chosen sample an end of the pass.
function pickNear(view) {
  const place = view.place(pointOf(view.map, state.sample), view.values[state.sample]), member = place ? memberAt(view, ...place, Infinity) : -1;
  if (member >= 0) pickEnd(member);
}

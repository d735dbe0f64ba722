// What the pointer does on the large map besides moving it: it lights up what it is over, and a click picks a network.
const CLICK_REACH = 4;  // pixels by which a pointer may move during a click

function listenForPointer(canvas, tip) {
  let pressed = null;
  const place = event => { const {left, top} = canvas.getBoundingClientRect(); return [event.clientX - left, event.clientY - top]; };
  const leave = () => { tip.hide(); choose({sample: -1, branch: -1}); };
  canvas.addEventListener('pointerdown', event => { pressed = place(event); });
  canvas.addEventListener('pointermove', event => {
    if (event.buttons) tip.hide(); else pointAt(tip, canvas, ...place(event));
  });
  canvas.addEventListener('pointerleave', leave);
  canvas.addEventListener('click', event => {
    const [x, y] = place(event), still = pressed && Math.hypot(x - pressed[0], y - pressed[1]) <= CLICK_REACH;
    const member = still ? memberAt(large.view, x, y) : -1;
    if (member >= 0) pickEnd(member);
  });
  canvas.addEventListener('dblclick', event => zoomAt(large.view, 0.5, ...place(event)));
}

function pointAt(tip, canvas, x, y) {
  const {view} = large, inside = view.frame.holds(x, y), member = inside ? memberAt(view, x, y) : -1;
  const sample = inside ? view.picture.at(view, x, y) : -1;
  choose({sample, branch: sample < 0 ? -1 : branchOfSample(view.map, sample)});
  canvas.style.cursor = member >= 0 ? 'pointer' : 'default';
  const passed = inside && member < 0 ? trailPointAt(view, x, y) : null;
  const lines = member >= 0 ? memberLines(view, member) : passed ? trailLines(view, passed) : sample >= 0 ? sampleLines(view, sample) : [];
  if (lines.length) tip.show(lines, x, y); else tip.hide();
}

// What the drawings of trees and passes have in common: a frame, an axis of heights, and marks that answer.
const FIGURE_LEFT = 54, FIGURE_RIGHT = 8;
const MOST_MARKS = 100; // beyond, marks are one path: they are drawn, but do not answer one by one

// Have `draw()` called when one of these choices changes, and when the place has another width. To ask for the width at
// every step of the threshold would lay out the whole page each time.
function drawIn(place, keys, draw) {
  const id = starting;
  PLACE_WIDTHS.set(place, place.clientWidth || 400);
  panel(keys, draw);
  new ResizeObserver(([{contentRect}]) => {
    const known = PLACE_WIDTHS.get(place), width = Math.round(contentRect.width);
    if (!width || Math.abs(width - known) < 1) return;
    PLACE_WIDTHS.set(place, width);
    attempt(id, draw);
  }).observe(place);
}
const PLACE_WIDTHS = new WeakMap();

// Begin a drawing in a place: an <svg> with a name for those who do not see it, as wide as the place.
function beginFigure(place, label, height) {
  const svg = place.querySelector('svg') || place.appendChild(shape('svg', {role: 'group'}));
  const width = Math.max(260, PLACE_WIDTHS.get(place));
  svg.replaceChildren();
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('aria-label', label);
  svg.style.height = `${height}px`;
  return {svg, width, height};
}

// Say in a drawing's place why it is empty.
function drawNothing(place, text) {
  const {svg, width} = beginFigure(place, text, 60);
  svg.append(shape('text', {x: width / 2, y: 34, 'text-anchor': 'middle', class: 'faint'}, text));
}

// Draw the lines of the axis of heights and their numbers; return where a value stands.
function drawHeights(svg, scale, width, top, bottom) {
  const y = value => bottom - (bottom - top) * scale.unit(value);
  for (const tick of scale.ticks()) {
    svg.append(shape('line', {x1: FIGURE_LEFT, x2: width - FIGURE_RIGHT, y1: y(tick), y2: y(tick), class: 'ax'}),
      shape('text', {x: FIGURE_LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end', class: 'faint'}, formatNumber(tick)));
  }
  return y;
}

// The outline of a mark about a place: of nodes the report's forms; a dot is a pair, and what never ends points up.
function markPath(kind, x, y, size = 5) {
  const points = look.forms[kind]?.points ?? OTHER_FORMS[kind];
  if (points) return `M${points.map(([dx, dy]) => `${(x + dx * size).toFixed(1)},${(y - dy * size).toFixed(1)}`).join('L')}z`;
  return `M${x - size},${y}a${size},${size} 0 1 0 ${2 * size},0a${size},${size} 0 1 0 ${-2 * size},0z`;
}
const OTHER_FORMS = {endless: [[-1.1, -0.8], [1.1, -0.8], [0, 1.2]]};

// What an arc begins at.
function nodeKind({kids}) { return kids.length > 2 ? 'multi-saddle' : kids.length ? 'saddle' : 'minimum'; }

// Marks that are only drawn: one path for each kind; `places` are [kind, x, y]. Very many are dots.
function drawMarks(svg, places, size, colour) {
  if (places.length > 3 * MOST_MARKS) {
    const d = places.map(([, x, y]) => `M${x.toFixed(1)},${y.toFixed(1)}h.01`).join('');
    svg.append(shape('path', {d, class: 'dots', stroke: look.edge, 'stroke-width': 4}), shape('path', {d, class: 'dots', stroke: colour, 'stroke-width': 3}));
    return;
  }
  for (const kind of new Set(places.map(([kind]) => kind))) {
    const d = places.filter(([other]) => other === kind).map(place => markPath(...place, size)).join('');
    svg.append(shape('path', {d, fill: colour, stroke: look.edge, 'stroke-width': size < 4 ? 0.4 : 0.9, 'pointer-events': 'none'}));
  }
}

// A mark that lights up a branch everywhere. Of all marks in a drawing one is in the tab order; arrows go to the others.
function branchMark(kind, x, y, vertex, label) {
  return shape('path', {d: markPath(kind, x, y, kind === 'minimum' ? 11 : 5.5), fill: markColour('minimum'), stroke: look.edge, class: 'hit mark', role: 'button',
    tabindex: -1, 'aria-label': label, 'data-branch': vertex});
}

// Have the marks of a drawing answer to pointer and keyboard: `[data-branch]` under the pointer or in focus is lit, and
// says what it is: `labelOf(arc)`.
function answerBranches(svg, labelOf) {
  const branchAt = event => Number(event.target.closest('[data-branch]')?.dataset.branch ?? -1);
  svg.addEventListener('pointerover', event => {
    choose({branch: branchAt(event)});
    entitle(event.target.closest('[data-branch]'), labelOf);
  });
  svg.addEventListener('pointerleave', () => choose({branch: -1}));
  svg.addEventListener('focusin', event => choose({branch: branchAt(event)}));
  svg.addEventListener('focusout', () => choose({branch: -1}));
  svg.addEventListener('click', event => choose({branch: branchAt(event)}));
  svg.addEventListener('keydown', event => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key], marks = [...svg.querySelectorAll('.mark')];
    const at = marks.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = marks[(at + step + marks.length) % marks.length];
    enterAt(svg, next);
    next.focus();
  });
}

// Give what is under the pointer a title: to write all of them would take longer than the drawing.
function entitle(element, labelOf) {
  if (!element || element.querySelector('title')) return;
  const arc = treeOn().arcs.findIndex(({vertex}) => String(vertex) === element.dataset.branch);
  if (arc >= 0) element.append(shape('title', {}, labelOf(arc)));
}

// Make a mark the one at which the tab key enters a drawing.
function enterAt(svg, mark) {
  svg.querySelector('.mark[tabindex="0"]')?.setAttribute('tabindex', -1);
  mark?.setAttribute('tabindex', 0);
}

// Have what belongs to the branch under the pointer stand out, without drawing anew.
function markBranches(svg) {
  const tree = treeOn(), lit = tree ? arcsBelow(tree, litArc()) : [], vertices = new Set();
  lit.forEach((one, arc) => { if (one) vertices.add(String(tree.arcs[arc].vertex)); });
  for (const element of svg.querySelectorAll('.on[data-branch]')) if (!vertices.has(element.dataset.branch)) element.classList.remove('on');
  for (const vertex of vertices) for (const element of svg.querySelectorAll(`[data-branch="${vertex}"]`)) element.classList.add('on');
}

// Return the colour for the names of some runs: a run's own where it is alone.
function runsInk(study, runs) { return runs.length === 1 ? pageInk(runStyle(study, runs[0]).colour) : pageColour('--ink'); }

// Return a few names in one line.
function fewNames(study, runs, most = 3) {
  const names = runs.slice(0, most).map(run => shortName(study.variants[run]));
  return runs.length > most ? `${names.join(', ')} +${runs.length - most}` : names.join(', ');
}

// Write names below places, within the drawing, each only where no other name stands: the first ones first.
function writeNames(svg, names) {
  const boxes = [], end = svg.viewBox.baseVal.width;
  for (const {x: place, y, text, colour} of names.slice(0, MOST_MARKS)) {
    const width = 7.5 * text.length + 6, x = Math.max(width / 2, Math.min(end - width / 2, place));
    if (boxes.some(box => Math.abs(box.x - x) < (box.width + width) / 2 && Math.abs(box.y - y) < 15)) continue;
    boxes.push({x, y, width});
    svg.append(shape('text', {x, y, 'text-anchor': 'middle', 'font-weight': 700, style: `fill:${colour}`}, text));
  }
}

// A landscape along one line: over the only latent axis, or along a path across the map. Heights are the field.
const MOST_LINES = 4;

const LINE_PICTURE = {
  window(view) {
    const {along} = wayOf(view), reach = along.length ? along[along.length - 1] - along[0] : 1;
    return [along[0] - reach * 0.02, along[along.length - 1] + reach * 0.02, -0.06, 1.06];
  },
  place(view, point, value) {
    const along = view.map.dimension === 1 ? point[0] : placeOnPath(view, point);
    if (!Number.isFinite(along)) return null;
    const x = view.frame.x(along), y = view.frame.y(view.scale.unit(Number.isFinite(value) ? value : heightAt(view, along)));
    return Number.isFinite(x + y) ? [x, y] : null;
  },
  base(g, view) {
    clipToFrame(g, view.frame, () => { drawStretches(g, view); drawFields(g, view); });
    if (view.small) return;
    drawSurroundings(g, view);
    drawLineKey(g, view);
  },
  runs: drawRunLayer,
  overlay(g, view) {
    clipToFrame(g, view.frame, () => ringBranch(g, view));
    drawOverlay(g, view);
  },
  at(view, px) {
    const {order, along} = wayOf(view), x = view.frame.atX(px);
    return along.length ? order[along.reduce((best, value, k) => Math.abs(value - x) < Math.abs(along[best] - x) ? k : best, 0)] : -1;
  },
};

// Return the samples in order, and how far along each lies: its coordinate, or the length walked on a path.
function wayOf(view) {
  return remember(view.map, 'way', () => {
    const count = view.values.length, numbers = Array.from({length: count}, (_, i) => i);
    if (view.map.dimension === 1) {
      numbers.sort((a, b) => pointOf(view.map, a)[0] - pointOf(view.map, b)[0]);
      return {order: numbers, along: numbers.map(i => pointOf(view.map, i)[0])};
    }
    const places = view.map.vertices ? view.study.array(view.map.vertices) : numbers, order = numbers.sort((a, b) => places[a] - places[b]);
    const along = [0];
    for (let k = 1; k < count; k++) {
      const [a, b] = [pointOf(view.map, order[k - 1]), pointOf(view.map, order[k])];
      along.push(along[k - 1] + Math.hypot(...a.map((value, axis) => b[axis] - value)));
    }
    return {order, along};
  });
}

// Return how far along a path a point lies; NaN where it is not one of the path's samples.
function placeOnPath(view, point) {
  const {order, along} = wayOf(view);
  const k = order.findIndex(sample => pointOf(view.map, sample).every((value, axis) => Math.abs(value - point[axis]) <= 1e-5 * (1 + Math.abs(value))));
  return k < 0 ? NaN : along[k];
}

// Return the height of the drawn line at a place.
function heightAt(view, place) {
  const {order, along} = wayOf(view);
  if (along.length < 2) return view.values[order[0]];
  const step = Math.max(0, Math.min(along.length - 1, stepAt(along, place))), k = Math.min(Math.floor(step), along.length - 2);
  return view.values[order[k]] + (view.values[order[k + 1]] - view.values[order[k]]) * (step - k);
}

// Return a scale that holds all that is drawn: no height is cut.
function lineScale(view) {
  const values = [...lineFields(view).flatMap(key => [...fieldOn(view.map, key).values]), ...view.map.decoded[state.field] ? view.study.array(view.map.decoded[state.field]) : []];
  const [low, high] = values.filter(Number.isFinite).reduce(([a, b], one) => [Math.min(a, one), Math.max(b, one)], [Infinity, -Infinity]);
  return newScale(low, high, view.scale.log && low > 0, view.scale.falling);
}

// Return the fields that are drawn: the chosen one first, and the others in its unit.
function lineFields({map, study}) {
  const chosen = describeField(state.field, study);
  const alike = study.fields.filter(field => field.key in map.fields && field.unit === chosen.unit && field.higher_is_better === chosen.higher_is_better);
  return [state.field, ...alike.map(field => field.key).filter(key => key !== state.field)].slice(0, MOST_LINES);
}

function drawFields(g, view) {
  const {order, along} = wayOf(view);
  lineFields(view).reverse().forEach((key, k, keys) => {
    const values = fieldOn(view.map, key).values, chosen = k === keys.length - 1, colour = lineColour(keys.length - 1 - k);
    const points = order.map((sample, i) => Number.isFinite(values[sample]) ? [view.frame.x(along[i]), view.frame.y(view.scale.unit(values[sample]))] : null);
    drawLine(g, points, {colour, width: chosen ? 2.2 : 1.4, dash: chosen ? [] : [5, 3]});
    if (chosen && !view.small) for (const point of points) if (point) drawMark(g, 'circle', ...point, 2, colour, []);
  });
}

// Shade what is not trusted, and hatch what is not finite, half-way to the samples beside it.
function drawStretches(g, view) {
  const {order, along} = wayOf(view), {frame} = view, edge = k => k <= 0 ? along[0] : k >= along.length ? along[along.length - 1] : (along[k - 1] + along[k]) / 2;
  order.forEach((sample, k) => {
    const left = frame.x(edge(k)), right = frame.x(edge(k + 1));
    if (view.trusted && !view.trusted[sample]) Object.assign(g, {fillStyle: pageColour('--shade')}).fillRect(left, frame.top, right - left, frame.up);
    if (!Number.isFinite(view.values[sample])) for (let x = left; x < right; x += 5) drawLine(g, [[x, frame.top], [x, frame.top + frame.up]], {colour: '#59626d', width: 1.2});
  });
}

function drawLineKey(g, view) {
  lineFields(view).forEach((key, k) => {
    const y = view.frame.top + 14 + 18 * k, x = view.frame.left + view.frame.across - 16;
    drawLine(g, [[x - 16, y], [x, y]], {colour: lineColour(k), width: 2, dash: k ? [5, 3] : []});
    drawWords(g, describeField(key, view.study).name, x - 22, y, pageColour('--ink'), {halo: '', align: 'right', font: wordsFont(!k)});
  });
}

function lineColour(k) { return pageInk(look.lines[k % look.lines.length]); }

function lineWords(view) { return view.map.dimension === 1 ? view.map.axes[0] : 'length along the path (latent units)'; }

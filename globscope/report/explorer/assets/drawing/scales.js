// How a field's values become colours and heights.
const FEWEST = 1.5;             // a constant field still needs two ends
const MOST = 0.75, FLAT = 0.1;  // a profile is logarithmic where so many samples would lie in so much of a linear axis

// Return the scale of the colours of a field, the report's, the same on all maps of a study; or the reader's. It has its
// ends `low` and `high`, `log`, a `key` that tells it from others; `unit(value)` is 0 at the field's best end and 1 at
// its worst, `value(unit)` the way back; `ticks()` are round values for an axis, `levels()` for contours.
function scaleOf(map = currentMap(), key = state.field) {
  const {scales, higher_is_better: falling} = describeField(key, map.study);
  return rememberLatest(map.study, 'scale of colours', [key, state.scale, ...state.limits], () => {
    const {low, high, log} = scales[state.scale];
    return newScale(state.limits[0] ?? low, state.limits[1] ?? high, log, falling);
  });
}

// Return the scale of the heights of trees and diagrams of one map. A logarithmic one shows all heights; on a linear one,
// exploded networks would leave no room for the others, so that it ends where the colours do.
function heightScaleOf(map = currentMap(), key = state.field) {
  return rememberLatest(map, 'scale of heights', [key, state.scale, ...state.limits], () => {
    const {is_logarithmic: wide} = describeField(key, map.study);
    return scaleOfHeights(map, key, state.scale === 'auto' ? wide : state.scale === 'log');
  });
}

// Return the scale of the heights of a profile: by itself it is linear, since funnels, bowls and their depths are
// statements about linear heights, unless most samples would lie at its foot; as `height_scale` in Python.
function profileScaleOf(map = currentMap(), key = state.field) {
  return rememberLatest(map, 'scale of the profile', [key, state.scale, ...state.limits], () => {
    const linear = scaleOfHeights(map, key, state.scale === 'log'), {order, values} = fieldOn(map, key);
    if (state.scale !== 'auto' || !describeField(key, map.study).is_logarithmic) return linear;
    const foot = linear.low + FLAT * (linear.high - linear.low), low = order.reduce((count, sample) => count + (values[sample] < foot), 0);
    return low > MOST * order.length ? scaleOfHeights(map, key, true) : linear;
  });
}

function scaleOfHeights(map, key, wanted) {
  const {low, high, least} = rangeOn(map, key), colours = describeField(key, map.study).scales.auto, log = wanted && least < Infinity;
  const top = log ? high : Math.max(low, Math.min(high, colours.high));
  return newScale(state.limits[0] ?? (log ? least : low), state.limits[1] ?? top, log, fieldOn(map, key).falling);
}

// Return the range of a field's finite values on a map: its `low` and `high`, and the `least` above zero.
function rangeOn(map, key) {
  return remember(map, `range ${key}`, () => {
    const {order, values} = fieldOn(map, key), range = {low: Infinity, high: -Infinity, least: Infinity};
    for (const sample of order) {
      range.low = Math.min(range.low, values[sample]);
      range.high = Math.max(range.high, values[sample]);
      if (values[sample] > 0) range.least = Math.min(range.least, values[sample]);
    }
    return range;
  });
}

function newScale(low, high, log, falling) {
  const into = log ? Math.log : one => one, back = log ? Math.exp : one => one;
  if (log && !(low > 0)) low = high > 0 ? high / 1e6 : 1e-6; // a reader's own limits
  if (![low, high].every(Number.isFinite)) [low, high] = [0.1, 1]; // no value at all
  if (!(high > low)) [low, high] = log ? [low / FEWEST, low * FEWEST] : [low - 0.5, low + 0.5];
  const from = into(low), span = into(high) - from;
  const share = value => log && value <= 0 ? 0 : Math.max(0, Math.min(1, (into(value) - from) / span));
  return {
    low, high, log, falling, key: `${low} ${high} ${log}`,
    unit: value => falling ? 1 - share(value) : share(value),
    value: unit => back(from + (falling ? 1 - unit : unit) * span),
    ticks: (count = 6) => log ? decadeTicks(low, high, count) : evenTicks(low, high, count),
    levels: () => log ? decadeSteps(low, high, [1, 2, 5]) : evenTicks(low, high, 14),
  };
}

// Return in words how many of some values lie beyond a scale's ends, where they are drawn; empty where none does.
function beyondWords(scale, values) {
  const above = values.filter(value => value > scale.high).length, below = values.filter(value => value < scale.low).length;
  const parts = [above && `${above} above ${formatNumber(scale.high)}`, below && `${below} below ${formatNumber(scale.low)}`].filter(Boolean);
  return parts.length ? `; beyond the scale, drawn at its end: ${parts.join(', ')}` : '';
}

// Return round numbers for an axis: powers of ten, thinned where they are many, with steps between where they are few.
function decadeTicks(low, high, count) {
  const powers = decadeSteps(low, high, [1]), thin = Math.ceil(powers.length / count);
  if (powers.length < 2) return [[1, 3], [1, 2, 5]].map(steps => decadeSteps(low, high, steps)).find(ticks => ticks.length > 1) ?? evenTicks(low, high, count);
  return powers.filter(power => Math.round(Math.log10(power)) % thin === 0);
}

function decadeSteps(low, high, steps) {
  const values = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of steps) values.push(Number(`${step}e${power}`));
  }
  return values.filter(value => value >= low && value <= high);
}

function evenTicks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(one => rough <= one * power * (1 + 1e-9)), ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-12) + 1e-300; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

// Return a number for readers: 0.0123, 12,345, 1.2e−7, ∞.
function formatNumber(value, digits = 3) {
  if (value == null || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) return exponential(value, digits);
  return numberFormat(Math.max(digits, size >= 1 ? Math.floor(Math.log10(size)) + 1 : 0)).format(value).replace('-', '−');
}
const NUMBER_FORMATS = [];

function numberFormat(digits) { return NUMBER_FORMATS[digits] ??= new Intl.NumberFormat('en', {maximumSignificantDigits: digits}); }

function exponential(value, digits) {
  const [mantissa, power] = value.toExponential(digits - 1).split('e');
  return `${Number(mantissa)}e${Number(power)}`.replaceAll('-', '−');
}

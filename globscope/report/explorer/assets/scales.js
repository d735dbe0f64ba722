// How a field's values become colours and heights: one scale for all maps of a study.
const WORST = 40;      // values beyond so many times the worst network are those of exploded networks: one colour
const FLOOR = 10;      // what lies below a tenth of the persistence threshold makes no basin: one colour
const FEWEST = 1.5;    // a constant field still needs two ends

// Return the scale of the colours of a field, the same on all maps of a study. It has its ends `low` and `high`, `log`, a
// `key` that tells it from others; `unit(value)` is 0 at the field's best end and 1 at its worst, `value(unit)` the way
// back; `ticks()` are round values for an axis, `levels()` for contours.
function scaleOf(map = currentMap(), key = state.field) {
  const {study} = map;
  return rememberLatest(study, 'scale of colours', [key, state.scale, ...state.limits], () => {
    const tree = study.maps.flatMap(one => one.topologies ?? []).find(one => one.field === key);
    return scaleBetween(study, key, rangeOfStudy(study, key), tree ? tree.threshold / FLOOR : 0);
  });
}

// Return the scale of the heights of trees, diagrams and profiles of one map: all that it shows, but for what explodes.
function heightScaleOf(map = currentMap(), key = state.field) {
  return rememberLatest(map, 'scale of heights', [key, state.scale, ...state.limits], () => scaleBetween(map.study, key, rangeOn(map, key), 0));
}

function scaleBetween(study, key, range, floor) {
  const field = describeField(key, study), worst = worstOf(study, key);
  const log = range.least < Infinity && (state.scale === 'auto' ? field.is_logarithmic : state.scale === 'log');
  const [low, high] = log ? logarithmicEnds(range, worst, floor) : linearEnds(range, worst, field.higher_is_better);
  return newScale(state.limits[0] ?? low, state.limits[1] ?? high, log, field.higher_is_better);
}

function logarithmicEnds({least, high}, worst, floor) {
  const top = worst > 0 ? Math.max(least, Math.min(high, WORST * worst)) : high;
  return [Math.max(least, Math.min(floor, top / 100)), top];
}

function linearEnds({low, high}, worst, falling) {
  return !falling && low >= 0 && worst > 0 ? [low, Math.max(low, Math.min(high, 2 * worst))] : [low, high];
}

// Return the range of a field's finite values on a map: its `low` and `high`, and the `least` above zero.
function rangeOn(map, key) {
  return remember(map, `range ${key}`, () => {
    const {order, values} = fieldOn(map, key), range = {low: Infinity, high: -Infinity, least: Infinity};
    for (const sample of order) widen(range, values[sample]);
    return range;
  });
}

function widen(range, value) {
  range.low = Math.min(range.low, value);
  range.high = Math.max(range.high, value);
  if (value > 0) range.least = Math.min(range.least, value);
}

// Return the range of a field on all maps of a study, networks included.
function rangeOfStudy(study, key) {
  return remember(study, `range ${key}`, () => {
    const known = maps.filter(map => map.study === study && map.fields?.[key]).map(map => rangeOn(map, key));
    const range = {low: Infinity, high: -Infinity, least: Infinity};
    for (const one of known) [one.low, one.high].filter(Number.isFinite).forEach(value => widen(range, value));
    range.least = Math.min(range.least, ...known.map(one => one.least));
    truthOf(study, key).forEach(value => widen(range, value));
    return range;
  });
}

// Return the finite values of a study's networks.
function truthOf(study, key) {
  const name = study.members.truth[key];
  return name ? keptArray(study, name).filter(Number.isFinite) : [];
}

// Return the worst value of a study's networks; the worst on its maps where nobody measured these.
function worstOf(study, key) {
  return remember(study, `worst ${key}`, () => {
    const truth = truthOf(study, key);
    return truth.length ? truth.reduce((one, other) => Math.max(one, other)) : rangeOfStudy(study, key).high;
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

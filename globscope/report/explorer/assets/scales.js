// How a field's values become colours and heights: one scale for all maps of a study.
const WORST = 40;      // values beyond so many times the worst network are those of exploded networks: one colour
const FLOOR = 10;      // what lies below a tenth of the persistence threshold makes no basin: one colour
const FEWEST = 1.5;    // a constant field still needs two ends

// Return the scale of the colours of a field on a map. It has its ends `low` and `high`, `log`, a `key` that tells it
// from others; `unit(value)` is 0 at the field's best and 1 at its worst end, `value(unit)` the way back.
function scaleOf(map = currentMap(), key = state.field) { return scaleBetween(map, key, state.limits, true); }

// Return the scale of the heights of trees, diagrams and profiles: as the colours', but it shows the lowest values too.
function heightScaleOf(map = currentMap(), key = state.field) { return scaleBetween(map, key, state.limits, false); }

function scaleBetween(map, key, limits, coloured) {
  const name = `scale ${coloured} ${key}`, inputs = [state.scale, ...limits];
  return rememberLatest(map.study, name, inputs, () => {
    const field = describeField(key, map.study), range = valueRange(map.study, key);
    const log = range.positive && (state.scale === 'auto' ? field.is_logarithmic : state.scale === 'log');
    const [low, high] = scaleEnds(map.study, key, range, log, coloured);
    return newScale(limits[0] ?? low, limits[1] ?? high, log, field.higher_is_better);
  });
}

// Return the finite values' range on all maps of a study, and the worst value of its networks.
function valueRange(study, key) {
  return remember(study, `range ${key}`, () => {
    let low = Infinity, high = -Infinity, least = Infinity;
    const see = value => {
      low = Math.min(low, value);
      high = Math.max(high, value);
      if (value > 0) least = Math.min(least, value);
    };
    for (const map of maps) {
      const field = map.study === study ? fieldOn(map, key) : null;
      field?.order.forEach(sample => see(field.values[sample]));
    }
    const truth = study.members.truth[key] ? study.array(study.members.truth[key]).filter(Number.isFinite) : [];
    truth.forEach(see);
    if (low > high) return {low: 0, high: 1, least: 1, positive: false, worst: 1};
    return {low, high, least, positive: least < Infinity, worst: truth.length ? truth.reduce((a, b) => Math.max(a, b)) : high};
  });
}

function scaleEnds(study, key, {low, high, least, worst}, log, coloured) {
  if (!log) return worst > 0 && low >= 0 ? [low, Math.min(high, 2 * worst)] : [low, high];
  const tree = study.maps.flatMap(map => map.topologies ?? []).find(one => one.field === key);
  const top = Math.min(high, worst > 0 ? WORST * worst : high), floor = coloured && tree ? tree.threshold / FLOOR : 0;
  return [Math.max(least, Math.min(floor, top / 100)), top];
}

function newScale(low, high, log, falling) {
  const into = log ? Math.log : one => one, back = log ? Math.exp : one => one;
  if (log && !(low > 0)) low = high > 0 ? high / 1e6 : 1e-6;
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
  return value.toLocaleString('en', {maximumSignificantDigits: Math.max(digits, size >= 1 ? Math.floor(Math.log10(size)) + 1 : 0)}).replace('-', '−');
}

function exponential(value, digits) {
  const [mantissa, power] = value.toExponential(digits - 1).split('e');
  return `${Number(mantissa)}e${Number(power)}`.replaceAll('-', '−');
}

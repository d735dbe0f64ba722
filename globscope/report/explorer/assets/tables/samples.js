// The table of samples, all of them or those that are nearest to the pointer.
const NEAREST = 50;

startIn('samples', place => {
  const choice = chooser('Show', value => { near = value === 'near'; draw(); });
  place.append(make('div', {class: 'control-row'}, choice.element));
  const table = pagedTable(place, 'samples', {caption: 'Samples', dress: (line, sample) => lightSample(line, sample)});
  let near = false, around = 0;
  const draw = () => {
    const map = currentMap();
    choice.fill([['all', 'all samples'], ['near', `the ${NEAREST} nearest to the pointer on the map`]], near ? 'near' : 'all');
    const rows = !map.fields ? [] : near ? nearestSamples(map, around) : [...arrayOf(map, 'trusted').keys()];
    table.draw(map.fields ? sampleColumns(map, near ? around : -1) : [], rows);
    about('samples', map.fields ? samplesSummary(map) : 'this map has no landscape');
  };
  panel(['map', 'field', 'threshold', 'neighbourhood'], () => { around = Math.max(0, state.sample); draw(); });
  panel(['sample'], () => {
    markRows(place, line => +line.dataset.sample === state.sample);
    if (!near || state.sample < 0 || place.contains(document.activeElement) || place.matches(':hover')) return;
    around = state.sample;
    draw();
  });
});

function samplesSummary(map) {
  const rounded = fieldsOf(map).filter(key => isRounded(map.fields[key])).map(key => describeField(key, map.study).name);
  const remark = rounded.length ? `; rounded on this page: ${rounded.join(', ')}` : '';
  return `${arrayOf(map, 'trusted').length} on ${mapName(map)}${remark}`;
}

// Return whether a page keeps figures in steps, to save room; files say so in their headings.
function isRounded({as}) { return as === 'levels'; }

function fileKey(key, kept) { return isRounded(kept) ? `${key}_rounded` : key; }

function sampleColumns(map, around) {
  const trusted = arrayOf(map, 'trusted'), distance = distanceOn(map), tree = treeOn(map);
  const columns = [
    {key: 'sample', head: 'sample', value: sample => sample, cell: sample => rowButton(`sample ${sample}`, String(sample), {sample})},
    ...coordinateColumns(map, sample => pointOf(map, sample)),
    ...fieldsOf(map).map(key => ({key: fileKey(key, map.fields[key]), head: describeField(key, map.study).name, value: sample => fieldOn(map, key).values[sample]})),
    {key: fileKey('distance_to_member', map.distance), head: 'to the nearest network', value: sample => distance[sample]},
    {key: 'trusted', head: 'trusted', text: true, value: sample => trusted[sample] === 1, cell: sample => trustCell(trusted[sample])},
    {key: 'basin', head: 'lies in', text: true, value: sample => tree ? basinOfSample(map, tree, sample) : ''},
  ];
  if (around >= 0) columns.push({key: 'from_pointer', head: 'from the pointer', value: sample => latentDistance(map, sample, around)});
  return columns;
}

function distanceOn(map) { return remember(map, 'distance', () => readFigure(map.study, map.distance)); }

function latentDistance(map, one, other) {
  const [a, b] = [pointOf(map, one), pointOf(map, other)];
  return Math.hypot(...a.map((value, axis) => value - b[axis]));
}

// Return the samples nearest to one, itself first.
function nearestSamples(map, around) {
  const distances = Float64Array.from(arrayOf(map, 'trusted'), (_, sample) => latentDistance(map, sample, around));
  const reach = distances.slice().sort()[Math.min(NEAREST, distances.length) - 1];
  const found = [...distances.keys()].filter(sample => distances[sample] <= reach);
  return found.sort((a, b) => distances[a] - distances[b] || a - b).slice(0, NEAREST);
}

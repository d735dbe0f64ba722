// The table of networks: their true values, and those of what the map makes of them.
startIn('members', place => {
  const table = pagedTable(place, 'members', {caption: 'Networks', dress: (line, member) => lightSample(line, sampleOf(currentMap(), member))});
  panel(['map', 'field', 'threshold', 'neighbourhood', 'query', 'hidden', 'figure'], () => {
    const map = currentMap(), runs = map.study.array(map.study.members.variant);
    const members = [...runs.keys()].filter(member => isRunShown(runs[member], map.study));
    table.draw(memberColumns(map), members);
    about('members', `${members.length} of ${runs.length}: what was measured of each, and of what ${mapName(map)} makes of it`);
  });
});

function memberColumns(map) {
  const {study} = map, runs = study.array(study.members.variant), steps = study.array(study.members.step), kinds = study.array(study.members.kind);
  return [
    {key: 'variant', head: 'run', text: true, value: member => study.variants[runs[member]], cell: member => memberButton(study, member)},
    {key: 'step', head: 'step', value: member => steps[member], cell: member => String(steps[member])},
    {key: 'kind', head: 'kind', text: true, value: member => study.kinds[kinds[member]]},
    ...coordinateColumns(map, member => latentOf(map, member)),
    ...Object.keys(study.members.truth).map(key => trueColumn(map, key)),
    ...Object.keys(map.decoded).map(key => decodedColumn(map, key)),
    gapColumn(map), ...shownColumns(map), ...(study.known ?? []).map((figure, number) => knownColumn(study, figure, number)),
  ].filter(Boolean);
}

function latentOf(map, member) { return arrayOf(map, 'latents').subarray(member * map.dimension, (member + 1) * map.dimension); }

function memberButton(study, member) {
  const pick = rowButton(`member ${member}`, memberName(member, study), {sample: sampleOf(currentMap(), member)}, () => pickEnd(member));
  pick.setAttribute('aria-label', `${memberName(member, study)}: an end of the pass`);
  return pick;
}

// Only the chosen field is on the page; files have all.
function trueColumn(map, key) {
  const values = map.study.array(map.study.members.truth[key]);
  return {key, head: `true ${describeField(key, map.study).name}`, value: member => values[member], fileOnly: key !== state.field};
}

function decodedColumn(map, key) {
  const values = map.study.array(map.decoded[key]);
  return {key: `decoded_${key}`, head: `decoded ${describeField(key, map.study).name}`, value: member => values[member], fileOnly: key !== state.field};
}

// Of a table's figures only the chosen one is on the page; files have all.
function knownColumn(study, {name, texts, values}, number) {
  const value = texts ? member => texts[member] : member => study.array(values)[member];
  return {key: `figure_${name}`, head: name, text: Boolean(texts), value, fileOnly: number !== state.figure};
}

function gapColumn(map) {
  const {truth} = map.study.members, key = state.field;
  if (!(key in truth) || !(key in map.decoded)) return null;
  const known = map.study.array(truth[key]), decoded = map.study.array(map.decoded[key]);
  return {key: 'gap', head: '|true − decoded|', value: member => Math.abs(known[member] - decoded[member])};
}

function shownColumns(map) {
  const residual = arrayOf(map, 'residual'), shown = arrayOf(map, 'shown'), tree = treeOn(map), columns = [];
  if (residual) columns.push({key: 'residual', head: 'distance to the decoded network', value: member => residual[member]});
  if (shown) columns.push({key: 'shown', head: 'trusted', text: true, value: member => shown[member] === 1, cell: member => trustCell(shown[member])});
  if (tree) columns.push({key: 'basin', head: 'lies in', text: true, value: member => basinOfSample(map, tree, sampleOf(map, member))});
  return columns;
}

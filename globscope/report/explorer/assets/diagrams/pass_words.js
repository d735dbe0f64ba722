// What is said of a pass: how high it climbs, how far that is to be trusted, and what other ways there are.
const MUCH = 0.2; // of a way along the border of the sampled box

// Return sentences; warnings are marked.
function passSentences(pass) {
  if (state.from < 0 || state.to < 0) return [];
  const map = currentMap(), {name, higher_is_better: falling} = describeField(state.field, map.study);
  if (state.from === state.to) return ['Pick two different networks.'];
  if (!pass) return [`On ${mapName(map)} no way leads from one to the other: its samples between them have no finite value, or are not joined.`];
  const ends = [state.from, state.to].map(member => memberName(member, map.study)), [known] = knownBetween(map.study, state.from, state.to);
  return [
    make('b', {}, `${ends[0]} to ${ends[1]}: ${name} ${formatNumber(pass.height)}. `),
    pass.path.length === 1 ? 'Both lie at one sample of this map. ' : boundWords(falling),
    known ? `The ${falling ? 'best' : 'lowest'} path between them that was measured is at worst ${formatNumber(known.worst)}: ${known.finder}. ` : '',
    ...passWarnings(map, pass).map(text => make('span', {class: 'warn'}, text)),
  ];
}

function boundWords(falling) {
  const [beyond, bound, better] = falling ? ['above', 'a lower', 'better'] : ['below', 'an upper', 'lower'];
  return `No way over the samples of this map stays ${beyond} it; for what the map makes of the two networks it is ${bound} bound, since a ${better} path may lie outside the map. `;
}

function passWarnings(map, pass) {
  const known = arrayOf(map, 'trusted')[pass.saddle], warnings = [], ends = [state.from, state.to].filter(member => reasonOf(map, member));
  if (!pass.points.every(one => one.trusted)) {
    warnings.push(`${percent(pass.untrusted)} of the way is untrusted${known ? '' : ', the pass itself too: the map extrapolates there'}. `);
  }
  if (pass.boxed) warnings.push('The pass lies at the border of the sampled box, which decides how high it is. ');
  else if (pass.edge > MUCH) warnings.push(`${percent(pass.edge)} of the way runs along the border of the sampled box. `);
  return [...warnings, ...ends.map(member => `The map does not show ${memberName(member, map.study)}: ${reasonOf(map, member)}. `)];
}

function percent(share) { return `${Math.round(100 * share)} %`; }

// Return a table of the same pass on every map, and of the ways that the study measured.
function passTable() {
  if (state.from < 0 || state.to < 0 || state.from === state.to) return [];
  const {study} = currentMap(), there = maps.filter(map => fieldOn(map) && endsIn(map.study).every(end => end >= 0));
  const measured = knownBetween(study, state.from, state.to)
    .map(({worst, finder}) => passRow(false, finder, formatNumber(worst), climbTo(worst, study), '–', 'measured'));
  const head = ['map', 'pass', 'climb from the worse end', 'untrusted', 'remark'].map(text => make('th', {scope: 'col'}, text));
  return [make('table', {class: 'passes'}, make('caption', {class: 'unseen'}, 'The lowest pass between the two networks on every map'),
    make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...there.map(mapRow), ...measured))];
}

function mapRow(map) {
  const pass = passOnMap(map), here = map === currentMap();
  if (!pass) return passRow(here, mapName(map), 'no way', '–', '–', '');
  const remark = pass.boxed ? 'at the border of the box' : '';
  return passRow(here, mapName(map), formatNumber(pass.height), climbTo(pass.height, map.study), percent(pass.untrusted), remark);
}

function passRow(here, name, ...cells) {
  return make('tr', {class: here ? 'on' : null}, make('th', {scope: 'row'}, name), ...cells.map(cell => make('td', {}, cell)));
}

// Return how far a height is from the worse of the two networks.
function climbTo(height, study) {
  const truths = endsIn(study).map(member => memberValue(study, member)), falling = describeField(state.field, study).higher_is_better;
  return formatNumber(falling ? Math.min(...truths) - height : height - Math.max(...truths));
}

// Return the measured paths between two members, the lowest first; none where they are not their runs' last networks.
function knownBetween(study, one, other) {
  const last = lastMembers(study), [first, second] = [runOf(one, study), runOf(other, study)];
  return last[first] === one && last[second] === other ? knownPaths(study, first, second) : [];
}

// Return the measured value of a member; NaN where it is unknown.
function memberValue(study, member, key = state.field) {
  const truth = study.members.truth[key];
  return truth ? keptArray(study, truth)[member] : NaN;
}

// What one choice means for the others: a field that the next map lacks, a threshold in another field's units.

// Return the keys of the fields that a map has, in the study's order.
function fieldsOf(map) { return map.fields ? map.study.fields.map(field => field.key).filter(key => key in map.fields) : []; }

// Return the field that is shown at first: the study's, or else that of the map's first merge tree.
function firstField(map) {
  const {shown} = map.study;
  return map.fields && shown in map.fields ? shown : map.topologies?.[0]?.field ?? fieldsOf(map)[0] ?? '';
}

function chooseMap(number) {
  const {study} = currentMap(), map = maps[number], away = {sample: -1, branch: -1, window: null, view: 'auto', tree: ''};
  const [from, to] = endsIn(map.study), picked = from < 0 ? {from: to, to: -1} : {from, to};
  for (const key of ['hidden', 'marked']) picked[key] = namesakes(state[key], study, map.study);
  picked.figure = figureNamed(map.study, figureName(study, state.figure));
  choose({map: number, axes: [0, 1], ...away, ...picked});
  if (!map.fields || !(state.field in map.fields)) chooseField(firstField(map));
}

function chooseField(key) {
  choose({field: key, tree: '', threshold: firstThreshold(maps[state.map], key), limits: [null, null], sample: -1, branch: -1});
}

// Show another of the study's merge trees of the field, at its own threshold.
function chooseTree(name) {
  const map = currentMap(), {threshold} = topologiesOf(map).find(one => one.name === name);
  choose({tree: name, threshold, branch: -1});
}

// Return what is shown of a map and a field that nobody has touched; at first, the first map with a landscape.
function firstChoices(number = -1, key = '') {
  const map = number >= 0 ? number : Math.max(0, maps.findIndex(one => one.fields));
  const field = maps[map].fields && key in maps[map].fields ? key : firstField(maps[map]);
  return {
    map, field, threshold: firstThreshold(maps[map], field), neighbourhood: 'auto', tree: '', from: -1, to: -1, branch: -1,
    sample: -1, step: Infinity, query: '', scale: 'auto', limits: [null, null], trust: true, samples: false,
    layers: new Set(), hidden: new Set(), marked: new Set(), figure: maps[map].study.figure ?? -1, gap: false, axes: [0, 1], window: null,
    view: 'auto', turn: FIRST_TURN, level: 0.3,
  };
}

// Make a network the pass' next end; the third begins a new pass.
function pickEnd(member) {
  const begins = state.from < 0 || state.to >= 0;
  if (!begins && member === state.from) return;
  choose(begins ? {from: member, to: -1} : {to: member});
  say(begins ? `The pass begins at ${memberName(member)}; pick its other end.` : `The pass ends at ${memberName(member)}.`);
}

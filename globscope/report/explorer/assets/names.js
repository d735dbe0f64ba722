// What people call the maps, fields, networks and layers of the page.

// Return a landscape's name: its map's, with sampler and study where these tell it from another.
function mapName(map) {
  const others = maps.filter(other => other !== map && other.name === map.name);
  const parts = [map.name];
  if (others.some(other => other.study === map.study)) parts.push(map.sampler);
  if (studies.length > 1) parts.unshift(map.study.title);
  return parts.join(', ');
}

// Return what a study says of a field: name, unit, whether higher is better, and whether its scale is logarithmic.
function describeField(key, study = maps[state.map].study) {
  return study.fields.find(field => field.key === key) || {key, name: key, unit: '', higher_is_better: false, is_logarithmic: false};
}

// Return the number of a member's run among the study's variants.
function runOf(member, study = maps[state.map].study) { return study.array(study.members.variant)[member]; }

function stepOf(member, study = maps[state.map].study) { return study.array(study.members.step)[member]; }

// Return each run's last network, by the run's number.
function lastMembers(study = maps[state.map].study) {
  const last = study.variants.map(() => -1), runs = study.array(study.members.variant), steps = study.array(study.members.step);
  runs.forEach((run, member) => { if (last[run] < 0 || steps[member] > steps[last[run]]) last[run] = member; });
  return last;
}

// Return a network's name: its run's, and its step where it is not the run's last.
function memberName(member, study = maps[state.map].study) {
  const run = runOf(member, study), name = study.variants[run];
  return lastMembers(study)[run] === member ? name : `${name}, step ${stepOf(member, study)}`;
}

// Return the name by which a trail is shown or left out; trails of one analysis with one label go together.
function layerName(trail) { return `${trail.source}: ${trail.label}`; }

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

function kindOf(member, study = maps[state.map].study) { return study.kinds[study.array(study.members.kind)[member]]; }

// Return each run's last network that was trained, by the run's number; -1 of a variant that only analyses derived.
function lastMembers(study = maps[state.map].study) {
  if (!study.last) {
    const runs = study.array(study.members.variant), steps = study.array(study.members.step);
    study.last = study.variants.map(() => -1);
    runs.forEach((run, member) => {
      const newer = study.last[run] < 0 || steps[member] > steps[study.last[run]];
      if (newer && kindOf(member, study) === 'trained') study.last[run] = member;
    });
  }
  return study.last;
}

// Return the numbers of the runs.
function runNumbers(study = maps[state.map].study) { return study.variants.map((_, run) => run).filter(run => lastMembers(study)[run] >= 0); }

// Return a network's name: its run's, its step where it is not the run's last, and how it was derived.
function memberName(member, study = maps[state.map].study) {
  const run = runOf(member, study), kind = kindOf(member, study), parts = [study.variants[run]];
  if (lastMembers(study)[run] !== member) parts.push(`step ${stepOf(member, study)}`);
  if (kind !== 'trained') parts.push(kind);
  return parts.join(', ');
}

// Return the name by which a trail is shown or left out; trails of one analysis with one label go together.
function layerName(trail) { return `${trail.source}: ${trail.label}`; }

function layerNames(map) { return [...new Set(map.trails.map(layerName))]; }

function layerColour(map, name) { return look.trails[layerNames(map).indexOf(name) % look.trails.length]; }

// What is picked in one study, found by name in another: the cells of a sweep have runs of the same names.

// Return a network's number in another study, or -1 where that has none of its run, step and kind.
function namesake(member, from, to) {
  if (from === to || member < 0) return member;
  return membersByName(to).get(memberKey(member, from)) ?? -1;
}

function membersByName(study) {
  return remember(study, 'members by name', () => new Map(Array.from(study.array(study.members.step), (_, member) => [memberKey(member, study), member])));
}

function memberKey(member, study) { return JSON.stringify([study.variants[runOf(member, study)], stepOf(member, study), kindOf(member, study)]); }

// Return the numbers of runs in another study, of those that it has.
function namesakes(runs, from, to) {
  return from === to ? runs : new Set([...runs].map(run => to.variants.indexOf(from.variants[run])).filter(run => run >= 0));
}

// Return the ends of the pass in a study; -1 where it lacks one.
function endsIn(study) { return [state.from, state.to].map(member => namesake(member, currentMap().study, study)); }

function isHidden(run, study) { return hasNamesake(state.hidden, run, study); }

function isMarked(run, study) { return hasNamesake(state.marked, run, study); }

function hasNamesake(runs, run, study) {
  const {study: current} = currentMap();
  return runs.size > 0 && runs.has(current === study ? run : current.variants.indexOf(study.variants[run]));
}

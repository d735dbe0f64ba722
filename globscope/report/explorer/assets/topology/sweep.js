// Every branch of the merge tree of a field, by one sweep of its samples. No DOM.
// The same branches as those of `globscope/topology/tree.py`.

// Sweep the samples of `order` from low to high and return every minimum's branch. Where branches meet, all but the
// oldest die (the elder rule). Branches are numbered by rising birth. Between two vertices where branches meet, a branch
// is one *segment*: simplification never divides it, so that no later step looks at single samples.
function sweep(order, neighbourhood) {
  const place = new Int32Array(neighbourhood.samples).fill(-1); // of each sample in the sweep; −1: left out
  const own = new Int32Array(neighbourhood.samples).fill(-1);   // branch of each sample, once it has been swept
  const segment = new Int32Array(neighbourhood.samples).fill(-1);
  const full = {order, place, own, segment, births: [], deaths: [], elders: [], tops: [], last: [], into: [],
    starts: [], branches: [], before: [], counts: []};
  const living = [], seen = [], around = new Int32Array(neighbourhood.most);
  for (let at = 0; at < order.length; at++) {
    const sample = order[at], met = meetingBranches(sample, at, own, living, seen, around, neighbourhood);
    place[sample] = at;
    const elder = met.length ? met.reduce((a, b) => Math.min(a, b)) : beginBranch(full, living, sample);
    for (const branch of met) if (branch !== elder) endBranch(full, living, branch, elder, sample);
    if (met.length !== 1) beginSegment(full, elder, sample);
    if (met.length > 1) for (const branch of met) if (branch !== elder) full.into[branch] = full.last[elder];
    own[sample] = elder;
    segment[sample] = full.last[elder];
    full.counts[full.last[elder]]++;
    full.tops[elder] = sample;
  }
  return full;
}

function meetingBranches(sample, at, own, living, seen, around, neighbourhood) {
  const met = [], count = neighbourhood.around(sample, around);
  for (let k = 0; k < count; k++) {
    if (own[around[k]] < 0) continue;
    const branch = livingBranch(living, own[around[k]]);
    if (seen[branch] !== at) met.push(branch);
    seen[branch] = at;
  }
  return met;
}

function livingBranch(living, branch) {
  while (living[branch] !== branch) branch = living[branch] = living[living[branch]];
  return branch;
}

function beginBranch(full, living, sample) {
  const branch = full.births.length;
  full.births.push(sample);
  full.deaths.push(-1);
  full.elders.push(branch);
  full.last.push(-1);
  full.into.push(-1);
  full.tops.push(sample);
  living.push(branch);
  return branch;
}

function endBranch(full, living, branch, elder, sample) {
  full.deaths[branch] = sample;
  full.elders[branch] = living[branch] = elder;
}

function beginSegment(full, branch, sample) {
  full.starts.push(sample);
  full.branches.push(branch);
  full.before.push(full.last[branch]);
  full.counts.push(0);
  full.last[branch] = full.starts.length - 1;
}

// The runs on a map: each from its start to its end, or up to the chosen step of training.
const MANY_RUNS = 60;  // beyond, lines are thin and marks small
const MOST_LIT = 24;

// Return a study's runs: {name, number, members}, its trained members by rising step.
function runsOf(study) {
  return remember(study, 'runs', () => {
    const variant = study.array(study.members.variant), step = study.array(study.members.step), kind = study.array(study.members.kind);
    const trained = study.kinds.indexOf('trained'), runs = study.variants.map((name, number) => ({name, number, members: []}));
    variant.forEach((number, member) => { if (kind[member] === trained) runs[number].members.push(member); });
    for (const run of runs) run.members.sort((a, b) => step[a] - step[b] || a - b);
    return runs.filter(run => run.members.length);
  });
}

// Return the members that analyses derived, by kind and run.
function derivedOf(study) {
  return remember(study, 'derived', () => {
    const variant = study.array(study.members.variant), kind = study.array(study.members.kind), groups = new Map();
    kind.forEach((number, member) => {
      const name = study.kinds[number], key = `${number} ${variant[member]}`;
      if (name !== 'trained') groups.set(key, [...groups.get(key) || [], member]);
    });
    return [...groups.values()];
  });
}

// Return a run's points up to a step, its head interpolated between two members. `at(member)` is a point or null.
function pointsUpTo(members, steps, step, at) {
  const points = [];
  for (let k = 0; k < members.length; k++) {
    const point = at(members[k]);
    if (steps[members[k]] <= step) { points.push(point); continue; }
    const before = k && at(members[k - 1]), from = k && steps[members[k - 1]];
    if (before && point) {
      const share = (step - from) / (steps[members[k]] - from);
      if (share > 0) points.push(before.map((value, c) => value + (point[c] - value) * share));
    }
    break;
  }
  return points;
}

// Draw the runs that are shown, faded where the filter leaves them out; return what was drawn of each.
function drawRuns(g, view) {
  const runs = runsOf(view.study).filter(run => !isHidden(run.number, view.study)), thin = runs.length > MANY_RUNS || view.small;
  const drawn = runs.map(run => drawableRun(view, run, isMarked(run.number, view.study)));
  drawn.sort((a, b) => a.clear - b.clear || a.marked - b.marked);
  for (const one of drawn) if (one.points.length) drawRun(g, view, one, thin && !one.marked);
  return drawn;
}

function drawableRun(view, run, marked) {
  const points = pointsUpTo(run.members, view.steps, state.step, view.member);
  return {run, points, head: points[points.length - 1], clear: isRunShown(run.number, view.study), marked};
}

// Draw the runs of the basin under the pointer once more, so that they stand out; of very many, the basin is enough.
function drawLitRuns(g, view) {
  for (const run of view.lit.size && view.lit.size <= MOST_LIT ? runsOf(view.study) : []) {
    if (!view.lit.has(run.name) || isHidden(run.number, view.study)) continue;
    const one = drawableRun(view, run, true);
    if (one.points.length) drawRun(g, view, one, view.small);
  }
}

function drawRun(g, view, {run, clear, points, marked, head}, thin) {
  const {colour, dash} = runStyle(view.study, run.number), alpha = (clear ? 1 : 0.14) * (view.projected && !marked ? 0.5 : 1);
  const width = marked ? 3 : thin ? 0.8 : 1.7;
  drawLine(g, points, {colour, dash: dash.map(one => one * width), alpha, width, rims: !clear ? [] : thin ? [[look.rim, 0.5]] : [[look.rim, 1.1], [look.edge, 0.5]]});
  if (!clear) return;
  g.save();
  g.globalAlpha = alpha;
  if (!view.small && (!thin || state.gap)) drawSteps(g, view, run, points, colour);
  if (run.members.length > 1 && points[0] && !view.small) drawMark(g, 'circle', ...points[0], thin ? 1.2 : 2.6, look.rim, [[colour, thin ? 0.6 : 1.5], ...thin ? [] : darkRims(0.8)]);
  if (head) drawHead(g, view, run, head, colour, thin);
  g.restore();
}

// Draw a run's networks as dots: in its colour, or in that of the gap between what they are and what the map shows.
function drawSteps(g, view, run, points, colour) {
  const truth = view.study.members.truth[state.field], own = state.gap && truth && view.study.array(truth);
  run.members.slice(0, points.length).forEach((member, k) => {
    if (!points[k] || view.steps[member] > state.step) return;
    const gap = own ? Math.abs(own[member] - decodedOf(view, member)) : NaN;
    if (Number.isFinite(gap)) drawMark(g, 'circle', ...points[k], 4, depthColour(view.scale.unit(gap)));
    else drawMark(g, 'circle', ...points[k], 2, knownOf(view.study) ? memberColour(view.study, member) : colour, []);
  });
}

// Draw a run's head: a star where the run is drawn whole, hollow where the map does not show its last network.
function drawHead(g, view, run, head, colour, thin) {
  const whole = state.step >= view.steps[run.members[run.members.length - 1]], size = thin ? 3 : 6;
  if (whole && view.absent.has(run.number)) drawMark(g, 'star', ...head, size, look.rim, [[colour, thin ? 0.8 : 1.4], ...thin ? [] : darkRims(0.8)]);
  else drawMark(g, whole ? 'star' : 'circle', ...head, whole ? size : size * 0.65, colour, thin ? [[look.rim, 0.6]] : darkRims());
}

// Return the places of the runs' names at their heads: first those that stand out or are ends of the pass, then in order.
function placeRunNames(view, drawn) {
  const first = ({run, marked}) => marked || run.members.some(member => view.chosen.includes(member));
  const heads = drawn.filter(one => one.clear && one.head && view.frame.holds(...one.head)).sort((a, b) => first(b) - first(a) || a.run.number - b.run.number);
  const taken = heads.length > MANY_RUNS ? [] : heads.map(({head: [x, y]}) => [x - 6, y - 6, x + 6, y + 6]);
  return placeNames(heads.map(({run, head: [x, y]}) => ({x, y, text: run.name, colour: inkOf(runStyle(view.study, run.number).colour)})), view.frame, taken);
}

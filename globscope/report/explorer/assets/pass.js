// The lowest pass between two networks: how high it climbs, how far that is to be trusted, and what other ways there are.
const PASS_HEIGHT = 222, LISTED = 300; // of more networks, the lists hold the runs' last ones

startIn('pass', place => {
  const picked = make('div', {class: 'pick'}), words = make('p', {class: 'pass-words'}), drawing = make('div'), table = make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The pass on every map'});
  place.append(picked, words, drawing, table);
  panel(['map', 'from', 'to'], () => picked.replaceChildren(...passChoosers()));
  drawIn(drawing, ['map', 'field', 'from', 'to', 'neighbourhood', 'scale', 'limits'], () => {
    const pass = passOnMap();
    words.replaceChildren(...passSentences(pass));
    drawPass(drawing, pass);
    table.replaceChildren(...passTable());
  });
  offer('pass');
});

// Two lists of networks, and buttons.
function passChoosers() {
  const {study} = currentMap(), last = lastMembers(study), all = keptArray(study, study.members.step).length;
  const listed = all <= LISTED ? Array.from({length: all}, (_, member) => member) : last;
  const list = (key, label) => {
    const select = make('select', {onchange: () => choose({[key]: Number(select.value)})}, make('option', {value: -1}, '–'));
    for (const member of new Set([...listed, ...[state[key]].filter(one => one >= 0)])) select.append(make('option', {value: member}, memberName(member, study)));
    select.value = state[key];
    return make('label', {}, `${label} `, select);
  };
  const swap = make('button', {type: 'button', onclick: () => choose({from: state.to, to: state.from})}, 'Swap');
  return [list('from', 'from'), list('to', 'to'), swap, make('button', {type: 'button', onclick: () => choose({from: -1, to: -1})}, 'Clear')];
}

// What the pass says, in sentences; warnings are marked.
function passSentences(pass) {
  if (state.from < 0 || state.to < 0) return [];
  const map = currentMap(), {name} = describeField(state.field, map.study), warn = text => make('span', {class: 'warn'}, text);
  if (state.from === state.to) return ['Pick two different networks.'];
  if (!pass) return [`On ${mapName(map)} no way leads from one to the other: its samples between them have no finite value, or are not joined.`];
  const sentences = [make('b', {}, `${memberName(state.from, map.study)} to ${memberName(state.to, map.study)}: ${name} ${formatNumber(pass.height)}. `),
    `${describeField(state.field, map.study).higher_is_better ? 'No way over the samples of this map stays above it' : 'No way over the samples of this map stays below it'}; for what the map makes of the two networks it is an upper bound, since a lower path may lie outside the map. `];
  const [known] = knownBetween(map.study, state.from, state.to);
  if (known) sentences.push(`The lowest path between them that was measured is at worst ${formatNumber(known.worst)}: ${known.finder}. `);
  if (!pass.points.every(one => one.trusted)) sentences.push(warn(`${Math.round(100 * pass.untrusted)} % of the way is untrusted${arrayOf(map, 'trusted')[pass.saddle] ? '' : ', the pass itself too: the map extrapolates there'}. `));
  if (pass.boxed) sentences.push(warn('The pass lies at the border of the sampled box, which decides how high it is. '));
  else if (pass.edge > 0.2) sentences.push(warn(`${Math.round(100 * pass.edge)} % of the way runs along the border of the sampled box. `));
  for (const member of [state.from, state.to].filter(one => reasonOf(map, one))) sentences.push(warn(`The map does not show ${memberName(member, map.study)}: ${reasonOf(map, member)}. `));
  return sentences;
}

function drawPass(place, pass) {
  if (!pass) return drawNothing(place, state.from < 0 || state.to < 0 ? 'Pick two networks: on the map, in the lists, or in a table.' : 'There is no pass to draw.');
  const map = currentMap(), {study} = map, ends = [state.from, state.to], label = `${describeField(state.field, study).name} along the lowest pass`;
  const {svg, width, height} = beginFigure(place, label, PASS_HEIGHT), top = 58, bottom = height - 28, scale = passScale(map, pass, ends);
  const y = drawHeights(svg, scale, width, top, bottom), x = share => FIGURE_LEFT + 8 + (width - FIGURE_LEFT - FIGURE_RIGHT - 16) * share;
  const frame = {map, svg, x, y, top, bottom, pass, along: k => x(pass.points[k].distance / (pass.length || 1))};
  shadeUntrusted(frame);
  drawOtherWays(frame, ends);
  svg.append(shape('path', {d: `M${pass.points.map((one, k) => `${frame.along(k).toFixed(1)},${y(one.value).toFixed(1)}`).join('L')}`, class: 'pass-line'}));
  drawPassMarks(frame, ends);
}

// The scale of all that is drawn of a pass, which may climb above those of the trees.
function passScale(map, pass, ends) {
  const [known] = knownBetween(map.study, ...ends), shown = [...pass.points.map(one => one.value), ...straightLine(map, pass) ?? [],
    ...ends.map(member => memberValue(map.study, member)), known?.worst].filter(Number.isFinite);
  const {log, falling} = heightScaleOf(map), kept = log ? shown.filter(value => value > 0) : shown;
  return newScale(kept.reduce((a, b) => Math.min(a, b)), kept.reduce((a, b) => Math.max(a, b)), log, falling);
}

function shadeUntrusted({svg, pass, along, top, bottom}) {
  const parts = pass.points.flatMap((one, k) => k && !one.trusted ? [`M${along(k - 1).toFixed(1)},${top}H${along(k).toFixed(1)}V${bottom}H${along(k - 1).toFixed(1)}z`] : []);
  svg.append(shape('path', {d: parts.join(''), fill: 'var(--shade)'}));
}

// Draw what else is known: the straight line on the map, as its samples have it, and the lowest path that the study found.
function drawOtherWays({map, svg, x, y, pass}, ends) {
  const line = straightLine(map, pass), [known] = knownBetween(map.study, ...ends), rows = [];
  if (line) {
    svg.append(shape('path', {d: `M${line.map((value, k) => `${x(k / (line.length - 1)).toFixed(1)},${y(value).toFixed(1)}`).join('L')}`, class: 'other-way'}));
    rows.push(['other-way', `straight line on the map: ${formatNumber(worstAlong(map, line))}`]);
  }
  if (known) {
    svg.append(shape('path', {d: `M${x(0)},${y(known.worst)}H${x(1)}`, class: 'known-way'}));
    rows.push(['known-way', `lowest measured path: ${formatNumber(known.worst)}, ${known.finder}`]);
  }
  rows.forEach(([kind, text], row) => svg.append(shape('path', {d: `M${x(0)},${9 + 17 * row}h26`, class: kind}),
    shape('text', {x: x(0) + 32, y: 13 + 17 * row, class: 'faint'}, text)));
}

// Return the values along the straight line on a map between the ends of a pass; null where they are not known there.
function straightLine(map, {path}) {
  if (!map.lines || map.vertices || map.shape.length > SMOOTH || path.length < 3) return null;
  const [from, to] = [path[0], path[path.length - 1]].map(sample => latticeIndex(map.shape, sample));
  const values = placesBetween(from, to).map(place => latticeValue(fieldOn(map).values, map.shape, place));
  return values.every(Number.isFinite) ? values : null;
}

function worstAlong(map, line) { return line.reduce((one, other) => describeField(state.field, map.study).higher_is_better ? Math.min(one, other) : Math.max(one, other)); }

// Return the measured paths between two members, the lowest first; none where they are not their runs' last networks.
function knownBetween(study, one, other) {
  const last = lastMembers(study), [first, second] = [runOf(one, study), runOf(other, study)];
  return last[first] === one && last[second] === other ? knownPaths(study, first, second) : [];
}

function drawPassMarks({map, svg, x, y, top, bottom, pass, along}, ends) {
  const at = pass.points.findIndex(one => one.sample === pass.saddle && one.value === pass.height);
  if (at >= 0) {
    svg.append(shape('path', {d: markPath('saddle', along(at), y(pass.height), 7), fill: 'var(--hot)', stroke: 'var(--card)'}),
      shape('text', {x: along(at), y: y(pass.height) - 12, 'text-anchor': 'middle', 'font-weight': 700}, formatNumber(pass.height)));
  }
  ends.forEach((member, end) => {
    const colour = runStyle(map.study, runOf(member, map.study)).colour, truth = memberValue(map.study, member);
    if (Number.isFinite(truth)) svg.append(shape('circle', {cx: x(end), cy: y(truth), r: 4.5, fill: colour, stroke: 'var(--card)'}));
    svg.append(shape('text', {x: x(end), y: bottom + 20, 'text-anchor': end ? 'end' : 'start', 'font-weight': 700, style: `fill:${pageInk(colour)}`}, memberName(member, map.study)));
  });
  svg.append(shape('text', {x: x(0.5), y: bottom + 20, 'text-anchor': 'middle', class: 'faint'}, 'share of the way'));
}

// The same pass on every map, and the ways that the study's analyses know.
function passTable() {
  if (state.from < 0 || state.to < 0 || state.from === state.to) return [];
  const {study} = currentMap(), there = maps.filter(map => fieldOn(map) && endsIn(map.study).every(end => end >= 0));
  const rows = there.map(map => {
    const pass = passOnMap(map), share = pass ? `${Math.round(100 * pass.untrusted)} %` : '–';
    return passRow(map === currentMap(), mapName(map), pass ? formatNumber(pass.height) : 'no way', pass ? climbTo(pass.height, map.study) : '–', share, !pass ? '' : pass.boxed ? 'at the border of the box' : '');
  });
  for (const {worst, finder} of knownBetween(study, state.from, state.to)) {
    rows.push(passRow(false, finder, formatNumber(worst), climbTo(worst, study), '–', 'measured'));
  }
  const head = make('tr', {}, ...['map', 'pass', 'climb from the worse end', 'untrusted', 'remark'].map(text => make('th', {scope: 'col'}, text)));
  return [make('table', {class: 'passes'}, make('caption', {class: 'unseen'}, 'The lowest pass between the two networks on every map'), make('thead', {}, head), make('tbody', {}, ...rows))];
}

// Return how far a height is from the worse of the two networks.
function climbTo(height, study) {
  const truths = endsIn(study).map(member => memberValue(study, member)), falling = describeField(state.field, study).higher_is_better;
  return formatNumber(falling ? Math.min(...truths) - height : height - Math.max(...truths));
}

function passRow(here, ...cells) { return make('tr', {class: here ? 'on' : null}, make('th', {scope: 'row'}, cells[0]), ...cells.slice(1).map(cell => make('td', {}, cell))); }

// Return the measured value of a member; NaN where it is unknown.
function memberValue(study, member, key = state.field) {
  const truth = study.members.truth[key];
  return truth ? keptArray(study, truth)[member] : NaN;
}

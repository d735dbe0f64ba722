// What is under the pointer, in words, beside it.

// Return a tip that stands in a place; `show(lines, x, y)` takes text alone.
function makeTip(place) {
  const element = make('div', {class: 'tip', role: 'tooltip', hidden: true});
  place.append(element);
  return {
    hide() { element.hidden = true; },
    show(lines, x, y) {
      element.replaceChildren(...lines.map((line, k) => make('div', {class: k ? '' : 'strong'}, line)));
      element.hidden = false;
      const {clientWidth, clientHeight} = place, {offsetWidth, offsetHeight} = element;
      element.style.left = `${Math.max(0, Math.min(clientWidth - offsetWidth, x + 14))}px`;
      element.style.top = `${y + 14 + offsetHeight > clientHeight ? Math.max(0, y - offsetHeight - 8) : y + 14}px`;
    },
  };
}

// Return what is known of a network on a map.
function memberLines({map, study}, member) {
  const field = describeField(state.field, study), truth = study.members.truth[state.field], shown = map.decoded[state.field];
  const lines = [memberName(member, study)];
  if (truth) lines.push(`${field.name} of the network itself: ${formatNumber(study.array(truth)[member])}`);
  if (shown) lines.push(`of what the map shows of it: ${formatNumber(study.array(shown)[member])}`);
  for (const figure of (study.known ?? []).slice(0, 12)) lines.push(`${figure.name}: ${knownText(study, figure, member)}`);
  return [...lines, 'Click to make it an end of the pass.'];
}

// Return a figure of a network as text.
function knownText(study, figure, member) {
  const value = figure.texts ? figure.texts[member] : study.array(figure.values)[member];
  return value === '' || Number.isNaN(value) ? 'not known' : figure.texts ? value : formatNumber(value);
}

// Return what was measured at a point of a layer.
function trailLines({study}, {trail, k}) {
  const values = keptArray(study, trail.values[state.field]), worst = worstOf(values, describeField(state.field, study).higher_is_better);
  return [
    `${trail.label}: ${describeField(state.field, study).name} ${formatNumber(values[k])}`,
    `of the network itself, ${k + 1} of ${values.length} that were measured; the worst of them has ${formatNumber(worst)}`,
    trail.source,
  ];
}

function worstOf(values, higherIsBetter) { return values.reduce((worst, value) => (higherIsBetter ? value < worst : value > worst) ? value : worst); }

// Return what is known of a sample.
function sampleLines({map, study, values}, sample) {
  const field = describeField(state.field, study), tree = treeOn(map), arc = arcAt(tree, sample), distance = readFigure(study, map.distance)[sample];
  const point = Array.from(pointOf(map, sample), value => formatNumber(value).replace('-', '−')).slice(0, 6).join(', ');
  return [
    `${field.name} ${formatNumber(values[sample])}`,
    arc < 0 ? 'in no basin' : arcName(map, arc),
    `sample ${sample} at (${point}${map.dimension > 6 ? ', …' : ''})`,
    `${study.array(map.trusted)[sample] ? 'trusted' : 'untrusted: the map extrapolates'}; ${formatNumber(distance)} from the nearest network`,
  ].filter(line => line);
}

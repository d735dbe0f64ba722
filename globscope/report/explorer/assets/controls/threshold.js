// Which basins are ignored: the threshold, and the neighbourhood on which the merge tree depends.
const SLIDER = 1000, FINEST = 1000; // the slider's length, and what part of the study's threshold it begins with

function thresholdControls() {
  const title = 'Ignore basins shallower than', output = make('output', {class: 'count'});
  const slider = make('input', {type: 'range', min: 0, max: SLIDER, 'aria-label': `${title}, on a logarithmic scale`, oninput: () => setThreshold(thresholdAt(+slider.value))});
  const number = numberField('', value => setThreshold(value ?? 0), {min: 0, 'aria-label': title});
  panel(['map', 'field', 'neighbourhood', 'threshold'], () => {
    const known = fieldOn(currentMap()) !== null;
    for (const control of [slider, number.input]) control.disabled = !known;
    if (!known) return;
    slider.value = sliderPlace(state.threshold);
    output.textContent = basinWords();
    slider.setAttribute('aria-valuetext', `${formatNumber(state.threshold)}: ${basinWords()}`);
    if (document.activeElement !== number.input) number.follow(+state.threshold.toPrecision(4));
  });
  shortcut('[', 'lower threshold', () => moveThreshold(-20));
  shortcut(']', 'higher threshold', () => moveThreshold(20));
  return [make('span', {class: 'control threshold'}, make('span', {'aria-hidden': 'true'}, title), slider, number.element, output)];
}

function basinWords(count = basinCount(currentMap())) { return `${count} basin${count === 1 ? '' : 's'}`; }

// Return the ends of the slider: a small part of the study's threshold, and what leaves only basins that never end.
function thresholdRange() {
  const map = currentMap(), finite = lifetimesOn(map).filter(Number.isFinite), first = firstThreshold(map, state.field);
  const highest = finite.reduce((most, one) => Math.max(most, one), 0) * 1.05 || first || 1;
  return [Math.min(highest, first || highest) / FINEST, highest];
}

function thresholdAt(place) {
  const [low, high] = thresholdRange();
  return place <= 0 ? 0 : low * (high / low) ** (place / SLIDER);
}

function sliderPlace(threshold) {
  const [low, high] = thresholdRange();
  return threshold <= 0 ? 0 : Math.max(1, Math.min(SLIDER, SLIDER * Math.log(threshold / low) / Math.log(high / low)));
}

function setThreshold(threshold) { choose({threshold, branch: -1}); }

function moveThreshold(by) {
  setThreshold(thresholdAt(Math.max(0, Math.min(SLIDER, sliderPlace(state.threshold) + by))));
  say(`threshold ${formatNumber(state.threshold)}: ${basinWords()}`);
}

// Which of the study's merge trees of one field is shown, where there are several: each has its threshold and neighbours.
function treeControl() {
  const control = chooser('Merge tree', chooseTree);
  panel(['map', 'field', 'tree'], () => {
    const map = currentMap(), known = topologiesOf(map);
    control.element.hidden = known.length < 2;
    control.fill(known.map(({name, threshold, graph}) => [name, `${name}: ${neighbourhoodWords(map, graph.adjacency)}, threshold ${formatNumber(threshold)}`]), topologyOf(map)?.name ?? '');
  });
  return control.element;
}

// Between which neighbourhoods a reader can choose, and how many basins each gives: where they differ, the count is a
// matter of definition.
function neighbourhoodControls() {
  const control = chooser('Neighbours', value => choose({neighbourhood: value}));
  panel(['map', 'field', 'neighbourhood', 'threshold'], () => {
    const map = currentMap(), known = fieldOn(map) !== null, own = known && neighbourhoodOn(map, 'auto');
    const kinds = known ? neighbourhoodChoices(map) : [];
    control.element.hidden = kinds.length < 2;
    control.fill(kinds.map(kind => [kind === own ? 'auto' : kind, `${neighbourhoodWords(map, kind)}: ${basinWords(basinCount(map, kind))}`]),
      state.neighbourhood === own ? 'auto' : state.neighbourhood);
    control.element.classList.toggle('differs', new Set(kinds.map(kind => basinCount(map, kind))).size > 1);
  });
  return [control.element];
}

// The runs: found by name and recipe, as ends of a pass, marked, or hidden.
startIn('runs', place => {
  const search = make('input', {type: 'search', placeholder: 'name or recipe', oninput: () => choose({query: search.value})});
  const count = make('span', {class: 'about', role: 'status'});
  const all = pressButton('Show all', 'Show every run again, and mark none', () => choose({hidden: new Set(), marked: new Set(), query: ''}));
  place.append(make('div', {class: 'control-row'}, make('label', {}, make('span', {}, 'Find runs'), search), all, count));
  const table = pagedTable(place, 'runs', {caption: 'Runs', dress: dressRun});
  shortcut('/', 'find runs', () => search.focus());
  panel(['query'], () => { if (search.value !== state.query) search.value = state.query; table.turn(0); });
  panel(['map', 'field', 'threshold', 'neighbourhood', 'query', 'hidden', 'marked', 'from', 'to', 'figure'], () => {
    const {study} = currentMap(), runs = runNumbers(study).filter(run => isFound(run, study));
    table.draw(runColumns(), runs);
    about('runs', `${runs.length} of ${runNumbers(study).length}`);
    count.textContent = state.query || state.hidden.size ? `${runs.length} found, ${state.hidden.size} hidden` : '';
  });
});

// Return whether a run matches the query by its name or its recipe.
function isFound(run, study = currentMap().study) {
  return hasWords(`${study.variants[run]} ${study.recipes?.[run] ?? ''}`, state.query);
}

// Return whether a run is drawn whole: what is not found or is hidden fades.
function isRunShown(run, study = currentMap().study) { return isFound(run, study) && !isHidden(run, study); }

function runColumns() {
  const map = currentMap(), {study} = map, last = lastMembers(study), steps = study.array(study.members.step);
  const truths = Object.entries(study.members.truth).map(([key, name]) => [describeField(key, study), study.array(name)]);
  return [
    {key: 'run', head: 'run', text: true, value: run => study.variants[run], cell: run => runName(study, run)},
    {key: 'recipe', head: 'recipe', text: true, value: run => study.recipes?.[run] ?? ''},
    {key: 'step', head: 'last step', value: run => steps[last[run]]},
    ...truths.map(([field, values]) => ({key: field.key, head: field.name, value: run => values[last[run]]})),
    {key: 'basin', head: 'shown in', text: true, value: run => basinOfRun(map, run)},
    {key: 'choices', head: 'show', text: true, value: () => '', cell: run => runChoices(study, run, last[run])},
  ];
}

function runName(study, run) {
  const swatch = make('span', {class: 'swatch', 'aria-hidden': 'true'});
  swatch.style.background = runStyle(study, run).colour;
  return make('span', {}, swatch, make('bdi', {class: 'name'}, study.variants[run]));
}

// Return in words where the map shows a run's last network, or why it shows it nowhere.
function basinOfRun(map, run) {
  const arc = treeOn(map) ? [...runsByArc(map)].find(([, runs]) => runs.includes(run))?.[0] : undefined;
  return arc === undefined ? reasonOf(map, lastMembers(map.study)[run]) : arcName(map, arc);
}

function runChoices(study, run, member) {
  const name = study.variants[run], flip = (key, set) => {
    const changed = new Set(set);
    if (!changed.delete(run)) changed.add(run);
    choose({[key]: changed});
  };
  const toggle = (text, key, set) => make('button', {type: 'button', 'aria-pressed': String(set.has(run)), 'aria-label': `${text} ${name}`, 'data-focus': `${key} ${run}`, onclick: () => flip(key, set)}, text);
  const end = make('button', {type: 'button', 'aria-pressed': String([state.from, state.to].includes(member)), 'aria-label': `${name} as an end of the pass`, 'data-focus': `end ${run}`, onclick: () => pickEnd(member)}, 'pass');
  return make('span', {class: 'choices'}, end, toggle('mark', 'marked', state.marked), toggle('hide', 'hidden', state.hidden));
}

function dressRun(line, run) {
  line.classList.toggle('quiet', state.hidden.has(run));
  line.classList.toggle('on', state.marked.has(run));
}

// The controls above the pictures, and the panel of options that folds.
const FEW_MAPS = 6, FEW_LETTERS = 160; // beyond, a list with a search instead of buttons side by side

startIn('controls', place => {
  const map = mapControl(), field = fieldControl(), training = playback(), options = make('details', {class: 'options'});
  options.append(make('summary', {}, 'Options'), make('div', {class: 'control-row'}, ...optionControls()));
  foldWhenLeft(options);
  place.append(
    make('div', {class: 'control-row'}, map, field, ...thresholdControls()),
    make('div', {class: 'control-row'}, training.element, treeControl(), ...neighbourhoodControls(), options, ...pageButtons()),
  );
  panel(['step', 'map'], training.follow);
  shortcut(' ', 'play or pause training', () => training.toggle());
});

// Fold the options when the reader turns elsewhere.
function foldWhenLeft(options) {
  addEventListener('pointerdown', event => { if (!options.contains(event.target)) options.open = false; });
  options.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !options.open) return;
    event.preventDefault();
    options.open = false;
    options.querySelector('summary').focus();
  });
}

function mapControl() {
  const options = maps.map((map, number) => [String(number), mapName(map)]), pick = value => chooseMap(+value);
  const many = maps.length > FEW_MAPS || options.map(([, name]) => name).join('').length > FEW_LETTERS;
  const control = many ? searchedChooser('Map', options, pick) : segments('Map', options, pick);
  panel(['map'], () => control.follow(String(state.map)));
  return control.element;
}

function fieldControl() {
  const control = chooser('Colour', chooseField);
  panel(['map', 'field'], () => {
    const map = maps[state.map];
    control.fill(fieldsOf(map).map(key => [key, describeField(key, map.study).name]), state.field);
    control.select.disabled = !map.fields;
  });
  shortcut('f', 'next field', () => {
    const keys = fieldsOf(maps[state.map]);
    if (keys.length) chooseField(keys[(keys.indexOf(state.field) + 1) % keys.length]);
    say(`Colour: ${describeField(state.field).name}`);
  });
  return control.element;
}

function optionControls() {
  const scale = chooser('Scale', value => choose({scale: value})), limits = limitControls();
  panel(['scale'], () => scale.fill([['auto', 'as the field suggests'], ['log', 'logarithmic'], ['linear', 'linear']], state.scale));
  const boxes = [
    ['trust', 'mark untrusted parts', 'where the map extrapolates', 't'], ['samples', 'samples', 'every sample as a dot', 's'],
    ['gap', 'colour networks by |true − decoded|', 'on the scale of the field', 'g'],
  ].map(([key, label, title, letter]) => {
    const box = checkBox(label, value => choose({[key]: value}), title);
    panel([key], () => box.follow(state[key]));
    shortcut(letter, label, () => choose({[key]: !state[key]}));
    return box.element;
  });
  return [scale.element, limits, figureControl(), ...boxes, axesControl(), layersControl()];
}

// Which figure of the networks' table the runs' colours show.
function figureControl() {
  const control = chooser('Runs by', value => choose({figure: +value}));
  panel(['map', 'figure'], () => {
    const known = currentMap().study.known ?? [];
    control.element.hidden = !known.length;
    control.fill([['-1', 'their own colours'], ...known.map(({name}, number) => [String(number), name])], String(state.figure));
  });
  return control.element;
}

// The ends of the colours; an empty field is what the page found.
function limitControls() {
  const change = (end, value) => choose({limits: state.limits.map((old, i) => i === end ? value : old)});
  const fields = ['Colours from', 'to'].map((label, end) => numberField(label, value => change(end, value), {placeholder: 'auto', 'aria-label': `Colours ${end ? 'to' : 'from'}`}));
  panel(['limits'], () => fields.forEach((field, end) => field.follow(state.limits[end])));
  return make('span', {class: 'control'}, ...fields.map(field => field.element));
}

// Which latent axes are drawn, of more than two.
function axesControl() {
  const change = (end, axis) => {
    const other = state.axes[1 - end] === axis ? state.axes[end] : state.axes[1 - end];
    choose({axes: end ? [other, axis] : [axis, other], window: null});
  };
  const lists = ['Axis across', 'upwards'].map((label, end) => chooser(label, value => change(end, +value)));
  const group = make('span', {class: 'control'}, ...lists.map(list => list.element));
  panel(['map', 'axes'], () => {
    const {dimension, axes} = maps[state.map];
    group.hidden = dimension < 3;
    lists.forEach((list, end) => list.fill(axes.map((name, axis) => [String(axis), name]), String(state.axes[end])));
  });
  return group;
}

// What analyses drew over the map: curves, re-based runs, passes.
function layersControl() {
  const group = make('fieldset', {class: 'layers'});
  panel(['map', 'layers'], () => {
    const names = layerNames(maps[state.map]);
    group.hidden = !names.length;
    const focused = group.contains(document.activeElement) ? document.activeElement.name : null;
    group.replaceChildren(make('legend', {}, 'Layers'), ...names.map(layerBox));
    group.querySelector(`[name="${CSS.escape(focused ?? '')}"]`)?.focus();
  });
  return group;
}

function layerBox(name) {
  const box = checkBox(name, shown => {
    const layers = new Set(state.layers);
    layers[shown ? 'add' : 'delete'](name);
    choose({layers});
  });
  const swatch = make('span', {class: 'swatch', 'aria-hidden': 'true'});
  swatch.style.background = layerColour(currentMap(), name);
  box.element.querySelector('input').after(swatch);
  box.element.querySelector('input').name = name;
  box.follow(state.layers.has(name));
  return box.element;
}

function pageButtons() {
  return [make('span', {class: 'control page-buttons'},
    pressButton('Copy link', 'Copy a link to this view', copyLink), pressButton('Reset', 'Show everything as at first', resetChoices),
    pressButton('◐', 'Dark or light', changeTheme), pressButton('?', 'Help and keys', showHelp))];
}

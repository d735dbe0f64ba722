// The buttons above the large map: zoom, the kind of picture, and how high the surfaces of a volume lie.
function mapTools() {
  const middle = () => { const {left, top, across, up} = large.view.frame; return [left + across / 2, top + up / 2]; };
  const zoom = make('span', {class: 'control', role: 'group', 'aria-label': 'Zoom'},
    pressButton('+', 'Zoom in', () => zoomAt(large.view, 0.7, ...middle())), pressButton('−', 'Zoom out', () => zoomAt(large.view, 1 / 0.7, ...middle())),
    pressButton('All', 'Show the whole map', () => choose({window: null, turn: FIRST_TURN})));
  return make('div', {class: 'control-row map-tools'}, zoom, viewControl(), levelControl());
}

// Return the pictures between which a reader can choose: [value of `state.view`, words].
function viewChoices(map) {
  if (!map.fields?.[state.field] || map.dimension < 2 || map.form === 'path') return [];
  const volume = map.lines?.length === 3 && canDrawSpace(), plain = map.dimension > 2 ? 'two axes' : 'map';
  return [...volume ? [['auto', 'surfaces'], ['slice', 'slice']] : [['auto', map.lines && map.dimension > 2 ? 'slice' : plain]], ['network', 'minima and passes']];
}

function viewControl() {
  const control = chooser('Picture', view => choose({view, window: null}));
  panel(['map', 'field', 'view'], () => {
    const choices = viewChoices(currentMap());
    control.element.hidden = choices.length < 2;
    control.fill(choices, choices.some(([value]) => value === state.view) ? state.view : 'auto');
  });
  return control.element;
}

// The share of samples that lie below the outermost surface.
function levelControl() {
  const slider = make('input', {type: 'range', min: 0.01, max: 0.95, step: 0.01, oninput: () => choose({level: +slider.value})}), output = make('output');
  const label = make('label', {}, make('span', {}, 'Surface around'), slider, output);
  panel(['map', 'field', 'view', 'level'], () => {
    label.hidden = pictureOf(currentMap()) !== 'space';
    slider.value = state.level;
    output.textContent = `${Math.round(100 * state.level)} % of samples`;
    slider.setAttribute('aria-valuetext', output.textContent);
  });
  return label;
}

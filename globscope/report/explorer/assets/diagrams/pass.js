// The panel of the lowest pass between two networks: where they are picked, what is said and drawn of it.
const LISTED = 300; // of more networks, the lists hold the runs' last ones

startIn('pass', place => {
  const picked = make('div', {class: 'pick'}), words = make('p', {class: 'pass-words'}), drawing = make('div');
  const table = make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The pass on every map'});
  place.append(picked, words, drawing, table);
  panel(['map', 'from', 'to'], () => picked.replaceChildren(...passChoosers()));
  drawIn(drawing, ['map', 'field', 'from', 'to', 'neighbourhood', 'scale', 'limits', 'figure'], () => {
    const pass = passOnMap();
    words.replaceChildren(...passSentences(pass));
    drawPass(drawing, pass);
    table.replaceChildren(...passTable());
  });
  offer('pass');
});

// Two lists of networks, and buttons.
function passChoosers() {
  const {study} = currentMap(), count = keptArray(study, study.members.step).length;
  const listed = count <= LISTED ? Array.from({length: count}, (_, member) => member) : lastMembers(study);
  const button = (text, ends) => make('button', {type: 'button', onclick: () => choose(ends)}, text);
  return [endChooser('from', listed), endChooser('to', listed), button('Swap', {from: state.to, to: state.from}), button('Clear', {from: -1, to: -1})];
}

function endChooser(key, listed) {
  const {study} = currentMap(), chosen = state[key], known = new Set(chosen < 0 ? listed : [...listed, chosen]);
  const options = Array.from(known, member => make('option', {value: member}, memberName(member, study)));
  const select = make('select', {onchange: () => choose({[key]: Number(select.value)})}, make('option', {value: -1}, '–'), ...options);
  select.value = chosen;
  return make('label', {}, `${key} `, select);
}

// Kinds of controls. Each has a label, changes a choice, and follows it when something else changes it.

// Return a few choices side by side: radio buttons, among which arrows move.
function segments(legend, options, pick) {
  const group = make('fieldset', {class: 'segments'}, make('legend', {class: 'unseen'}, legend));
  options.forEach(([value, text]) => {
    const input = make('input', {type: 'radio', name: legend, value, onchange: () => pick(value)});
    group.append(make('label', {}, input, make('span', {}, text)));
  });
  return {element: group, follow: value => { for (const input of group.querySelectorAll('input')) input.checked = input.value === String(value); }};
}

// Return a labelled list of choices; `fill` replaces them.
function chooser(label, pick) {
  const select = make('select', {onchange: () => pick(select.value)});
  const fill = (options, value) => {
    const same = options.length === select.length && options.every(([key, text], i) => select[i].value === String(key) && select[i].text === text);
    if (!same) select.replaceChildren(...options.map(([key, text]) => make('option', {value: key}, text)));
    select.value = value;
  };
  return {element: make('label', {}, make('span', {}, label), select), select, fill};
}

// Return a list of many choices with a field that narrows it; one that is chosen stays in the list.
function searchedChooser(label, options, pick) {
  const list = chooser(label, pick), search = make('input', {type: 'search', placeholder: 'find', 'aria-label': `Find in: ${label}`});
  let chosen = options[0][0];
  const narrow = () => list.fill(options.filter(([key, text]) => key === chosen || hasWords(text, search.value)), chosen);
  search.addEventListener('input', () => { narrow(); say(`${list.select.length} choices`); });
  list.element.after(search);
  return {element: make('span', {class: 'searched'}, list.element, search), follow: value => { chosen = value; narrow(); }};
}

// Return whether a text has every word of a query.
function hasWords(text, query) {
  const whole = text.toLowerCase();
  return query.toLowerCase().split(/\s+/).every(word => whole.includes(word));
}

function checkBox(label, pick, title) {
  const input = make('input', {type: 'checkbox', onchange: () => pick(input.checked)});
  return {element: make('label', {title}, input, make('span', {}, label)), follow: value => { input.checked = value; }};
}

function pressButton(text, label, act) { return make('button', {type: 'button', 'aria-label': label, title: label, onclick: act}, text); }

// Return a field for a number; what is no number is left as it was, and an empty one is null.
function numberField(label, pick, attributes = {}) {
  const input = make('input', {type: 'number', step: 'any', ...attributes});
  input.addEventListener('change', () => {
    const value = input.value.trim() === '' ? null : Number(input.value);
    if (!input.validity.badInput && input.checkValidity()) pick(value);
    else input.reportValidity();
  });
  return {element: make('label', {}, make('span', {}, label), input), input, follow: value => { input.value = value ?? ''; }};
}

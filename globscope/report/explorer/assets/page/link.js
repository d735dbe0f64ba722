// The reader's choices in the page's address, so that a link opens the same view. What nobody changed is left out, and
// what a link says that the page does not have is ignored.
const LINKED = {
  neighbourhood: oneOf('auto', 'freudenthal', 'full'), scale: oneOf('auto', 'log', 'linear'),
  tree: text(), threshold: number(0), step: number(-Infinity), limits: numbers(2, end => end === null || Number.isFinite(end)),
  axes: numbers(2, (axis, map) => Number.isInteger(axis) && axis >= 0 && axis < map.dimension),
  window: numbers(4, Number.isFinite), figure: figure(), trust: flag(), samples: flag(), gap: flag(), query: text(), layers: names(),
  from: network(), to: network(), hidden: runs(), marked: runs(),
  view: oneOf('auto', 'slice', 'network'), turn: numbers(3, Number.isFinite), level: number(0),
};

function oneOf(...known) { return {write: value => value, read: word => known.includes(word) ? word : undefined}; }

function number(least) {
  return {write: value => String(+value.toPrecision(7)), read: word => word.trim() !== '' && Number(word) >= least ? Number(word) : undefined};
}

function numbers(count, isValid) {
  return {
    write: values => JSON.stringify(values && values.map(value => value === null ? null : +value.toPrecision(7))),
    read: (word, map) => readList(word, count, value => isValid(value, map)),
  };
}

function flag() { return {write: value => value ? 'yes' : 'no', read: word => ({yes: true, no: false})[word]}; }

function text() { return {write: value => value, read: word => word}; }

function names() {
  return {write: set => JSON.stringify([...set].sort()), read: word => setOf(readList(word, null, one => typeof one === 'string'))};
}

// A run is named, since numbers change when a study is run again with another run.
function runs() {
  return {
    write: (set, map) => JSON.stringify([...set].map(run => map.study.variants[run]).sort()),
    read: (word, map) => setOf(readList(word, null, name => map.study.variants.includes(name))?.map(name => map.study.variants.indexOf(name))),
  };
}

function network() {
  return {
    write: (member, map) => member < 0 ? '' : memberKey(member, map.study),
    read: (word, map) => membersByName(map.study).get(word),
  };
}

// A figure is named too; without a name, runs have their own colours.
function figure() {
  return {
    write: (number, map) => figureName(map.study, number),
    read: (word, map) => word === '' ? -1 : figureNamed(map.study, word) < 0 ? undefined : figureNamed(map.study, word),
  };
}

function setOf(list) { return list && new Set(list); }

// Return a list that a link holds; undefined if it is none, or not of so many valid values.
function readList(word, count, isValid) {
  try {
    const list = JSON.parse(word);
    return Array.isArray(list) && (count === null || list.length === count) && list.every(isValid) ? list : undefined;
  } catch { return undefined; }
}

// Return what the page's address says, completed by what is shown at first.
function choicesOfLink() {
  const link = new URLSearchParams(location.hash.slice(1)), named = maps.findIndex(map => mapName(map) === link.get('map'));
  const choices = firstChoices(named, link.get('field'));
  for (const [key, {read}] of Object.entries(LINKED)) {
    const value = link.has(key) ? read(link.get(key), maps[choices.map]) : undefined;
    if (value !== undefined) choices[key] = value;
  }
  return choices;
}

function linkOfChoices() {
  const map = currentMap(), first = firstChoices(state.map, state.field), link = new URLSearchParams({map: mapName(map), field: state.field});
  for (const [key, {write}] of Object.entries(LINKED)) {
    const word = write(state[key], map);
    if (word !== write(first[key], map)) link.set(key, word);
  }
  return `#${link}`;
}

// In the frame of a notebook the page has no address that could be changed.
const hasAddress = location.protocol !== 'about:';

startIn('controls', () => {
  if (!hasAddress) return;
  let timer = 0;
  // Browsers refuse more than a hundred changes of the address in half a minute, and a pointer makes more.
  const keep = () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, '', linkOfChoices()), 300);
  };
  panel(['map', 'field', ...Object.keys(LINKED)], keep);
  addEventListener('hashchange', () => choose(choicesOfLink()));
});

async function copyLink() {
  if (!hasAddress) return say('in a frame the page has no link; globscope open shows it in a browser');
  history.replaceState(null, '', linkOfChoices());
  try {
    await navigator.clipboard.writeText(location.href);
    say('the link is copied');
  } catch { prompt('This browser lets no page copy; here is the link:', location.href); }
}

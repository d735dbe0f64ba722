// The help, and what concerns the page as a whole: its theme, and the way back to its beginning.
const ABOUT_PICTURES = [
  ['Map', 'every point is a network that the map decodes; its colour is what was measured of it. Move over it to light up a basin everywhere, click two networks to see the lowest pass between them.'],
  ['Merge tree', 'each branch is a basin; where two meet, they are connected below that height.'],
  ['Persistence', 'how much deeper a basin is than the way out of it. Drag the dashed line, and shallower basins are ignored.'],
  ['Lowest pass', 'the way between two networks on this map that climbs least, and how high the same pass is on the other maps.'],
  ['Landscape profile', 'the basins side by side, as wide as their share of the samples.'],
  ['Untrusted', 'so far from every network that the map extrapolates: do not believe what stands there.'],
];

const ON_THE_MAP = [
  ['on the map', 'arrows move it, or turn it where it has three axes; + and − zoom, 0 shows all'],
  ['with Shift', 'arrows move over the samples, and Enter picks the nearest network'],
];

function buildHelp({keysAreOn, setKeys}) {
  const keys = checkBox('Single keys work', setKeys), dialog = document.getElementById('help');
  keys.follow(keysAreOn());
  const close = make('button', {type: 'button', onclick: () => dialog.close()}, 'Close');
  dialog.append(
    make('h2', {id: 'help-heading'}, 'How to read and use this page'), definitions(ABOUT_PICTURES), make('h3', {}, 'Keys'),
    keys.element, definitions([...[...shortcuts].map(([key, {meaning}]) => [keyName(key), meaning]), ...ON_THE_MAP]),
    close,
  );
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
}

function definitions(pairs) { return make('dl', {}, ...pairs.flatMap(([term, text]) => [make('dt', {}, term), make('dd', {}, text)])); }

function keyName(key) { return {' ': 'space', Escape: 'Esc'}[key] ?? key; }

function showHelp() { document.getElementById('help').showModal(); }

startIn('help', () => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  document.documentElement.dataset.theme = state.theme = dark.matches ? 'dark' : 'light';
  dark.addEventListener('change', () => showTheme(dark.matches ? 'dark' : 'light'));
  let before = state.theme;
  addEventListener('beforeprint', () => { before = state.theme; showTheme('light'); drawPanels(); });
  addEventListener('afterprint', () => showTheme(before));
});

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  choose({theme});
}

function changeTheme() {
  showTheme(state.theme === 'dark' ? 'light' : 'dark');
  say(`${state.theme} colours`);
}

function resetChoices() {
  choose(firstChoices());
  say('everything is shown as at first');
}

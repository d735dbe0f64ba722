// Single keys for what is done often, wherever the focus is; and how they are switched off.
const shortcuts = new Map();

// Have a key do something. Its meaning is listed in the help.
function shortcut(key, meaning, act) { shortcuts.set(key, {meaning, act}); }

startIn('say', () => {
  let on = true;
  shortcut('?', 'this help', () => showHelp());
  shortcut('d', 'dark or light', changeTheme);
  shortcut('Escape', 'forget the pass and what is lit up', () => {
    choose({from: -1, to: -1, branch: -1, sample: -1});
    say('nothing is picked');
  });
  maps.slice(0, 9).forEach((map, number) => shortcut(String(number + 1), `map ${mapName(map)}`, () => {
    chooseMap(number);
    say(`map ${mapName(map)}`);
  }));
  addEventListener('keydown', event => {
    const known = shortcuts.get(event.key);
    if (!on || !known || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || keepsKey(event)) return;
    event.preventDefault();
    known.act();
  });
  buildHelp({keysAreOn: () => on, setKeys: value => { on = value; }});
});

// Return whether the element with the focus needs a key itself: fields for text, lists, buttons the space, dialogs all.
function keepsKey({target, key}) {
  if (target.closest('dialog[open]')) return true;
  if (target.matches('select, textarea, input:not([type=checkbox], [type=radio], [type=range])')) return true;
  return key === ' ' && target.matches('button, input, summary, [role=button], a');
}

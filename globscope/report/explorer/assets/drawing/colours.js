// The colours of the pictures: those of the report, and shades of them that can be read on the page.

function channelsOf(colour) { return [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16)); }

function hexOf(channels) { return `#${channels.map(one => Math.round(one).toString(16).padStart(2, '0')).join('')}`; }

function mixColours(one, other, share) {
  const [from, to] = [channelsOf(one), channelsOf(other)];
  return hexOf(from.map((channel, k) => channel + (to[k] - channel) * share));
}

// The colours of depths from lowest to highest, or the `greys` of what is not trusted: 256 of them, three bytes each.
function paletteOf(name = 'depths') {
  return remember(look, name, () => {
    const stops = look[name].map(channelsOf), palette = new Uint8Array(3 * 256);
    for (let k = 0; k < 256; k++) {
      const at = k / 255 * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
      for (let c = 0; c < 3; c++) palette[3 * k + c] = Math.round(stops[low][c] + (stops[low + 1][c] - stops[low][c]) * (at - low));
    }
    return palette;
  });
}

// The colour of a share, 0 … 1, of the heights' scale.
function depthColour(share, name = 'depths') {
  const at = 3 * Math.round(255 * Math.max(0, Math.min(1, share)));
  return hexOf([...paletteOf(name).subarray(at, at + 3)]);
}

// The colour and dashes of a run, by the figure of its last network if one is shown, else by its number: both go round together, so that two runs of one colour differ by dashes.
function runStyle(study, run) {
  const {runs, dashes} = look, colour = knownOf(study) ? memberColour(study, lastMembers(study)[run]) : runs[run % runs.length];
  return {colour, dash: dashes[run % dashes.length]};
}

// The figure of the networks' table that colours show; undefined where runs have their own colours.
function knownOf(study, number = state.figure) { return study.known?.[number]; }

function figureName(study, number) { return knownOf(study, number)?.name ?? ''; }

function figureNamed(study, name) { return (study.known ?? []).findIndex(one => one.name === name); }

// The colour of a network by the figure that is shown.
function memberColour(study, member) {
  const colour = study.array(knownOf(study).colours)[member];
  return colour === undefined ? look.faint : `#${colour.toString(16).padStart(6, '0')}`;
}

// The relative luminance of a colour, and the contrast of two, as WCAG 2.2 defines them.
function luminance(colour) {
  const linear = channelsOf(colour).map(one => one / 255).map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(one, other) {
  const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

// A colour for letters: as near to the given one as can be read (4.5 : 1) on the paper.
function inkOf(colour, paper = '#ffffff') {
  const end = luminance(paper) > 0.18 ? '#000000' : '#ffffff';
  for (let share = 0; share < 1; share += 0.05) {
    const ink = mixColours(colour, end, share);
    if (contrast(ink, paper) >= 4.5) return ink;
  }
  return end;
}

// A colour for letters on a card of the page.
function pageInk(colour) {
  const paper = pageColour('--card');
  return remember(look, `ink ${colour} ${paper}`, () => inkOf(colour, paper));
}

// One of the page's own colours, as six digits. To ask the browser for it after every change of a drawing would have it
// compute all styles anew.
function pageColour(name) {
  return rememberLatest(look, name, [document.documentElement.dataset.theme], () => {
    const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return value.length === 4 ? `#${[...value.slice(1)].map(digit => digit + digit).join('')}` : value;
  });
}

// The colour of a minimum, a saddle, or what is picked out.
function markColour(kind) { return look[kind] ?? pageColour('--hot'); }

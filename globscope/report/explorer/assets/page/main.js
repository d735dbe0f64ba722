// Starts the page: reads the studies, starts every panel in its place, and draws them.
async function startPage() {
  studies = await readStudies();
  maps = studies.flatMap(study => study.maps.map(map => ({...map, study})));
  noteWhatIsMissing();
  if (maps.length) Object.assign(state, choicesOfLink());
  else document.querySelectorAll('.card, #controls, #verdict').forEach(card => card.remove());
  for (const [id, start] of starts) {
    const place = document.getElementById(id);
    if (place) attempt(id, () => start(place));
  }
  for (const one of panels) attempt(one.id, one.draw);
  followWidth();
}

// Say in words what a page without pictures lacks.
function noteWhatIsMissing() {
  const bare = maps.filter(map => !map.fields).map(map => map.name);
  if (!maps.length) note('No study on this page has a map, so there is nothing to draw.');
  else if (bare.length === maps.length) note('No map on this page has a landscape: nothing was evaluated on them.');
  else if (bare.length) note(`Without a landscape, and so without pictures: ${bare.join(', ')}.`);
}

function note(text) { document.getElementById('notices').append(make('p', {class: 'notice'}, text)); }

// Drawings are as wide as their cards.
function followWidth() {
  let width = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== width) choose({width: width = innerWidth}); });
}

startPage().then(() => performance.mark('ready')).catch(error => note(`The page could not start: ${error.message}`))
  .finally(() => { document.documentElement.dataset.ready = ''; });

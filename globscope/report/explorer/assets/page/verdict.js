// Whether to believe the map that is shown: the report's verdict, for a picture does not say how far it can be read.
startIn('verdict', place => {
  panel(['map'], () => {
    const {verdict} = currentMap();
    place.replaceChildren(...(verdict ? verdictParts(currentMap(), verdict) : []));
    place.className = verdict ? `verdict ${verdict.belief.replaceAll(' ', '-')}` : '';
  });
});

function verdictParts(map, {belief, shows, reasons}) {
  const head = [make('strong', {}, `${map.name}: ${belief}`), ` – ${shows}.`];
  if (!reasons.length) return [make('p', {}, ...head)];
  const count = reasons.length === 1 ? 'One reason for care' : `${reasons.length} reasons for care`;
  return [make('p', {}, ...head), make('details', {}, make('summary', {}, count), make('ul', {}, ...reasons.map(one => make('li', {}, one))))];
}

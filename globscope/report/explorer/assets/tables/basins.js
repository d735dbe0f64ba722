// The table of basins at the chosen threshold.
startIn('basins', place => {
  const table = pagedTable(place, 'basins', {caption: 'Basins', sortBy: 'persistence', down: true, dress: (line, arc) => lightBranch(line, treeOn().arcs[arc].vertex)});
  panel(['map', 'field', 'threshold', 'neighbourhood'], () => {
    const map = currentMap(), tree = treeOn(map);
    table.draw(tree ? basinColumns(map, tree) : [], tree ? tree.leaves : []);
    about('basins', tree ? basinsSummary(map, tree) : 'this map has no landscape');
  });
  panel(['branch'], () => markRows(place, line => +line.dataset.branch === state.branch));
});

function basinsSummary(map, tree) {
  const trusted = arrayOf(map, 'trusted'), known = tree.leaves.filter(arc => trusted[tree.arcs[arc].vertex]).length;
  return `${basinWords(tree.leaves.length)} deeper than ${formatNumber(state.threshold)} on ${mapName(map)}; ${known} of them trusted`;
}

function basinColumns(map, tree) {
  const {values} = fieldOn(map), trusted = arrayOf(map, 'trusted'), runs = runsByArc(map), lifetimes = lifetimesOn(map);
  const vertex = arc => tree.arcs[arc].vertex, death = arc => tree.full.deaths[tree.arcs[arc].branch];
  const names = arc => (runs.get(arc) ?? []).map(run => map.study.variants[run]).join(', ');
  const name = arc => rowButton(`basin ${vertex(arc)}`, names(arc) || 'no run', {branch: vertex(arc), sample: -1});
  const share = arc => tree.arcs[arc].size / tree.full.order.length;
  return [
    {key: 'runs', head: 'runs that end here', text: true, value: names, cell: name},
    {key: 'trusted', head: 'trusted', text: true, value: arc => trusted[vertex(arc)] === 1, cell: arc => trustCell(trusted[vertex(arc)])},
    {key: 'best', head: `best ${describeField(state.field, map.study).name}`, value: arc => values[vertex(arc)]},
    {key: 'meets', head: 'meets a deeper one at', value: arc => death(arc) < 0 ? null : values[death(arc)], cell: arc => death(arc) < 0 ? 'never' : formatNumber(values[death(arc)])},
    {key: 'persistence', head: 'persistence', value: arc => lifetimes[tree.arcs[arc].branch]},
    {key: 'share', head: 'share of samples', value: share, cell: arc => percentWords(share(arc))},
    {key: 'vertex', head: 'sample', value: vertex, cell: arc => String(vertex(arc))},
  ];
}

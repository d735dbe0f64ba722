// A table that sorts by every column, shows one page of rows at a time, and saves all of them as CSV.
// A column is {key: its heading in files, head: its heading for people, value(row), cell(row): what the page shows, if
// that is not the value's text, text: whether it holds words and not figures, fileOnly: whether only files have it}.
const PAGE = 50;

// Make a table in a card, and return {draw(columns, rows), turn(page)}; `dress(tr, row)` finishes a row.
function pagedTable(place, id, {caption, sortBy = null, down = false, dress = () => {}}) {
  const table = make('table', {}, make('caption', {class: 'unseen'}, caption)), view = {sortBy, down, page: 0, columns: [], rows: []};
  const pager = make('div', {class: 'pager'}), redraw = () => drawTable(table, pager, view, redraw, dress);
  place.append(make('div', {class: 'scroll', tabindex: 0, role: 'group', 'aria-label': `Rows of ${caption.toLowerCase()}, which scroll`}, table), pager);
  offer(id, {CSV: () => csvText(view.columns, sortedRows(view))});
  return {draw(columns, rows) { Object.assign(view, {columns, rows}); redraw(); }, turn(page) { view.page = page; redraw(); }};
}

function drawTable(table, pager, view, redraw, dress) {
  const rows = sortedRows(view), pages = Math.max(1, Math.ceil(rows.length / PAGE)), shown = view.columns.filter(column => !column.fileOnly);
  view.page = Math.min(view.page, pages - 1);
  const first = view.page * PAGE, focus = focusIn(table);
  const body = make('tbody', {}, ...rows.slice(first, first + PAGE).map(row => tableRow(shown, row, dress)));
  table.querySelector('thead')?.remove();
  table.querySelector('tbody')?.remove();
  table.append(make('thead', {}, make('tr', {}, ...shown.map(column => heading(column, view, redraw)))), body);
  focus();
  drawPager(pager, view, rows.length, pages, redraw);
}

function tableRow(columns, row, dress) {
  const line = make('tr', {}, ...columns.map(column => {
    const content = column.cell ? column.cell(row) : cellText(column.value(row));
    return make('td', {class: column.text ? null : 'figure'}, content);
  }));
  dress(line, row);
  return line;
}

function cellText(value) {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : typeof value === 'number' ? formatNumber(value) : value;
}

function heading(column, view, redraw) {
  const sorted = view.sortBy === column.key, sort = () => {
    Object.assign(view, {down: sorted && !view.down, sortBy: column.key, page: 0});
    redraw();
    say(`sorted by ${column.head}, ${view.down ? 'highest' : 'lowest'} first`);
  };
  const arrow = make('span', {'aria-hidden': 'true'}, sorted ? (view.down ? ' ▼' : ' ▲') : '');
  const button = make('button', {type: 'button', onclick: sort, 'data-focus': `sort ${column.key}`}, column.head, arrow);
  return make('th', {scope: 'col', class: column.text ? null : 'figure', 'aria-sort': sorted ? (view.down ? 'descending' : 'ascending') : null}, button);
}

// Keep the focus where it was, although the elements are new; `data-focus` names what may have it.
function focusIn(element) {
  const name = element.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  return () => { if (name !== undefined) element.querySelector(`[data-focus="${CSS.escape(name)}"]`)?.focus({preventScroll: true}); };
}

function drawPager(pager, view, count, pages, redraw) {
  const focus = focusIn(pager), go = page => { view.page = page; redraw(); }, first = view.page * PAGE;
  const button = (text, page) => make('button', {type: 'button', 'data-focus': text, disabled: page < 0 || page >= pages, onclick: () => go(page)}, text);
  const range = `${first + 1}–${Math.min(count, first + PAGE)} of ${count}`;
  pager.replaceChildren(...(pages > 1 ? [button('Previous', view.page - 1), make('span', {}, range), button('Next', view.page + 1)] : []));
  focus();
}

// Return the rows by the chosen column; those without a value come last, either way.
function sortedRows({columns, rows, sortBy, down}) {
  const column = columns.find(one => one.key === sortBy);
  if (!column) return rows;
  const keyed = rows.map((row, i) => ({row, i, value: column.value(row)})), sign = down ? -1 : 1;
  return keyed.sort((a, b) => isMissing(a.value) - isMissing(b.value) || sign * compareValues(a.value, b.value) || a.i - b.i).map(one => one.row);
}

function isMissing(value) { return value === null || value === undefined || value === '' || Number.isNaN(value); }

function compareValues(a, b) {
  if (isMissing(a) || isMissing(b)) return 0;
  return typeof a === 'string' ? a.localeCompare(b, undefined, {numeric: true}) : a < b ? -1 : a > b ? 1 : 0;
}

// Tables as CSV, as `globscope/files/table.py` writes them.
const FORMULA = /^'*[=+\-@\t\r]/;

function csvText(columns, rows) {
  const lines = [columns.map(column => csvCell(column.key)), ...rows.map(row => columns.map(column => csvCell(column.value(row))))];
  return lines.map(cells => `${cells.join(',')}\n`).join('');
}

function csvCell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') return csvNumber(value);
  const text = escapeFormula(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvNumber(value) { return Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? String(value) : value < 0 ? '-inf' : 'inf'; }

// Return text that no spreadsheet takes for a formula.
function escapeFormula(text) { return FORMULA.test(text) ? `'${text}` : text; }

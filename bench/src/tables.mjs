/** Reads the Markdown tables that a benchmark prints. */

const cellsOf = (line) =>
  line
    .slice(1, -1)
    .split(/ \| /)
    .map((cell) => cell.trim());

const isRule = (line) => /^\|[\s|-]+\|$/.test(line);

/** @returns the rows of all tables in the text: the first cell, and the others with the head of their column */
export function readTables(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const rows = [];
  let head = [];
  for (const [at, line] of lines.entries()) {
    if (isRule(line)) continue;
    if (isRule(lines[at + 1] ?? '')) {
      head = cellsOf(line);
      continue;
    }
    const [name = '', ...cells] = cellsOf(line);
    rows.push({ name, figures: cells.map((cell, column) => ({ head: head[column + 1] ?? '', cell })) });
  }
  return rows;
}

/** Tables for people, JSON for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const environment = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
});

/** A table in Markdown, its columns as wide as they need to be. */
export function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, at) => Math.max(...cells.map((row) => row[at].length)));
  const line = (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  return [line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n');
}

/** Prints the table and keeps the figures as `results/<name>.json`. */
export function publish(name, printed, figures) {
  console.log(`\n${printed}\n`);
  mkdirSync(new URL('../results/', import.meta.url), { recursive: true });
  const path = new URL(`../results/${name}.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify({ ...environment(), ...figures }, null, 2)}\n`);
}

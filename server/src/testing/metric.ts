/**
 * Finds a value in the text of the metrics page.
 *
 * @param name with labels as on the page: `sluice_gaps_total{reason="retention",policy="replay"}`; a
 *   counter or gauge without its labels is the sum over all of them, such as that of all rules
 * @throws Error if the metric does not exist
 */
export function readMetric(page: string, name: string): number {
  const lines = page.split('\n').filter((line) => !line.startsWith('#') && line !== '');
  const line = lines.find((candidate) => candidate.startsWith(`${name} `));
  if (line !== undefined) return numberOf(line);
  const series = lines.filter((candidate) => candidate.startsWith(`${name}{`));
  if (series.length > 0 || hasNoneYet(page, name)) return series.reduce((sum, each) => sum + numberOf(each), 0);
  const names = [...new Set(lines.map((candidate) => candidate.slice(0, candidate.lastIndexOf(' '))))];
  const alike = names.filter((candidate) => candidate.startsWith(name.split('{')[0] ?? name));
  throw new Error(`there is no metric ${name}; the page has ${(alike.length > 0 ? alike : names).join(', ')}`);
}

const numberOf = (line: string): number => Number(line.slice(line.lastIndexOf(' ')));

/** A metric with labels is announced before it has its first value. */
const hasNoneYet = (page: string, name: string): boolean =>
  ['counter', 'gauge'].some((type) => page.includes(`# TYPE ${name} ${type}\n`));

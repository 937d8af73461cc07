/**
 * Finds a value in the text of the metrics page.
 *
 * @param name with its labels, if any, as on the page:
 *   `sluice_gaps_total{reason="retention",policy="replay"}`
 * @throws Error if the metric does not exist
 */
export function readMetric(page: string, name: string): number {
  const lines = page.split('\n').filter((line) => !line.startsWith('#') && line !== '');
  const line = lines.find((candidate) => candidate.startsWith(`${name} `));
  if (line !== undefined) return Number(line.slice(name.length));
  const names = [...new Set(lines.map((candidate) => candidate.slice(0, candidate.lastIndexOf(' '))))];
  const alike = names.filter((candidate) => candidate.startsWith(name.split('{')[0] ?? name));
  throw new Error(`there is no metric ${name}; the page has ${(alike.length > 0 ? alike : names).join(', ')}`);
}

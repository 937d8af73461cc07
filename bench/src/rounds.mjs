/** Measures each of `names` several times, round after round, so that disturbances of the machine affect all alike. */
import { median } from './report.mjs';

/**
 * @param measure measures one of the names once
 * @returns the figures of each name, one for each round
 */
export async function inRounds(rounds, names, measure) {
  const all = [...names];
  const runs = Object.fromEntries(all.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of all) runs[name].push(await measure(name, round));
  }
  return runs;
}

/** Reads the median of a field from the figures of several rounds. */
export const medianOf = (figures) => (field) => median(figures.map((run) => run?.[field] ?? Number.NaN));

/** A row for each name: what `cells` makes of its medians. */
export const rowsOf = (runs, cells) =>
  Object.entries(runs).map(([name, figures]) => [name, ...cells(medianOf(figures), name)]);

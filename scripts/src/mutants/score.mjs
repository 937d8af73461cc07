/** What part of the faults the tests noticed, by room. */

/**
 * @typedef {{ room: string, mutant: import('./rooms.mjs').Mutant, killed: boolean }} Outcome
 * @typedef {{ room: string, mutants: number, killed: number }} Score
 */

/** @param {readonly Outcome[]} outcomes @returns {Score[]} */
export function score(outcomes) {
  const rooms = [...new Set(outcomes.map(({ room }) => room))];
  return rooms.map((room) => {
    const here = outcomes.filter((outcome) => outcome.room === room);
    return { room, mutants: here.length, killed: here.filter(({ killed }) => killed).length };
  });
}

/** As a table in Markdown. @param {readonly Score[]} scores */
export function table(scores) {
  const rows = scores.map(
    ({ room, mutants, killed }) => `| ${room} | ${mutants} | ${killed} | ${Math.round((100 * killed) / mutants)} % |`,
  );
  return ['| room | faults | noticed | score |', '|---|--:|--:|--:|', ...rows].join('\n');
}

/** The share of faults that the tests noticed, by room. */

/**
 * @typedef {{ room: string, mutant: import('./rooms.mjs').Mutant, verdict:
 *   import('./try-mutant.mjs').Verdict }} Outcome
 * @typedef {{ room: string, mutants: number, noticed: number }} Score
 */

/** @param {readonly Outcome[]} outcomes @returns {Score[]} */
export function score(outcomes) {
  const rooms = [...new Set(outcomes.map(({ room }) => room))];
  return rooms.map((room) => {
    const here = outcomes.filter((outcome) => outcome.room === room);
    return { room, mutants: here.length, noticed: here.filter(({ verdict }) => verdict === 'noticed').length };
  });
}

/** As a table in Markdown. @param {readonly Score[]} scores */
export function table(scores) {
  const rows = scores.map(
    ({ room, mutants, noticed }) =>
      `| ${room} | ${mutants} | ${noticed} | ${Math.round((100 * noticed) / mutants)} % |`,
  );
  return ['| room | faults | noticed | score |', '|---|--:|--:|--:|', ...rows].join('\n');
}

/**
 * The scores that a page holds, as {@link table} wrote them.
 *
 * @param {string} page
 * @returns {Score[]}
 */
export function scoresOf(page) {
  const rows = page.matchAll(/^\| ([\w-]+) \| (\d+) \| (\d+) \|/gm);
  return Array.from(rows, ([, room = '', mutants, noticed]) => ({
    room,
    mutants: Number(mutants),
    noticed: Number(noticed),
  }));
}

/** New scores in place of the earlier ones of their rooms. @param {readonly Score[]} before @param {readonly Score[]} now @returns {Score[]} */
export function update(before, now) {
  const scores = new Map([...before, ...now].map((each) => [each.room, each]));
  return [...scores.values()].toSorted((a, b) => (a.room < b.room ? -1 : 1));
}

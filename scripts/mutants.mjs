// `npm run mutants`: puts single faults into the code, one at a time, and checks that the tests notice each of them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copyTree } from './src/mutants/copy-tree.mjs';
import { ROOMS } from './src/mutants/rooms.mjs';
import { score, scoresOf, table, update } from './src/mutants/score.mjs';
import { runTests, tryMutant } from './src/mutants/try-mutant.mjs';

const HELP = `Usage: npm run mutants -- [room …] [options]

Puts the faults of scripts/src/mutants/rooms/ into a copy of the repository, one at a time, and runs the tests that should
notice. Without a room it tries all of them, which takes a while.

  --only <text>   only faults whose file or description contains the text
  --write         write the scores of these rooms to docs/mutants.md (not with --only)
  --help
Rooms: ${Object.keys(ROOMS).join(', ')}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
});
const unknown = positionals.filter((room) => !Object.hasOwn(ROOMS, room));
const noPage = values.write && values.only !== undefined;

/** @param {import('./src/mutants/rooms.mjs').Mutant} mutant */
const isWanted = ({ file, fault }) => values.only === undefined || `${file} ${fault}`.includes(values.only);

const SIGNS = { noticed: '✓ noticed ', survived: '✗ SURVIVED', broken: '? BROKEN  ' };

if (values.help) console.log(HELP);
else if (unknown.length > 0 || noPage) {
  console.error(
    unknown.length > 0 ? `There is no room ${unknown.join(', ')}.` : '--write needs whole rooms, without --only.',
  );
  console.error(HELP);
  process.exitCode = 2;
} else await tryAll();

async function tryAll() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const copy = copyTree(root);
  /** @type {import('./src/mutants/score.mjs').Outcome[]} */
  const outcomes = [];
  try {
    for (const room of positionals.length > 0 ? positionals : Object.keys(ROOMS)) {
      const mutants = (ROOMS[room] ?? []).filter(isWanted);
      if (mutants.length === 0) continue;
      // Tests that fail without any fault would notice all of them.
      const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))];
      if ((await runTests(copy.path, tests)) !== 'survived')
        throw new Error(`${room}: the tests fail without a fault: ${tests.join(' ')}`);
      for (const mutant of mutants) {
        const verdict = await tryMutant(copy.path, mutant);
        outcomes.push({ room, mutant, verdict });
        console.log(`${SIGNS[verdict]} ${room}: ${mutant.file}: ${mutant.fault}`);
      }
    }
  } finally {
    copy.remove();
  }
  const scores = score(outcomes);
  console.log(`\n${table(scores)}`);
  if (values.write) writePage(`${root}docs/mutants.md`, scores);
  process.exitCode = outcomes.every(({ verdict }) => verdict === 'noticed') ? 0 : 1;
}

/** Rooms that were not tried keep their scores. @param {string} file @param {import('./src/mutants/score.mjs').Score[]} scores */
function writePage(file, scores) {
  const before = existsSync(file) ? scoresOf(readFileSync(file, 'utf8')) : [];
  writeFileSync(file, page(update(before, scores).filter(({ room }) => Object.hasOwn(ROOMS, room))));
}

/** @param {import('./src/mutants/score.mjs').Score[]} scores */
function page(scores) {
  const measured = new Set(scores.map(({ room }) => room));
  const missing = Object.keys(ROOMS).filter((room) => !measured.has(room));
  return `# Mutants: do the tests notice faults?

\`npm run mutants\` puts single faults into a copy of the code, one at a time: a bound removed, a clean-up forgotten, the failure
branch of an asynchronous store, a size threshold. It then runs the tests near each fault. A fault that no test notices has
survived. Tests that hang have noticed it, because they fail \`npm test\` too. The faults are lists in \`scripts/src/mutants/rooms/\`, one per room; a test checks that each still fits the code. Each
room should notice at least 90 %.

${table(scores)}
${missing.length === 0 ? '' : `\nNot measured as a whole yet: ${missing.join(', ')}.\n`}
This page is written by \`npm run mutants -- --write\`.
`;
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { table } from '../src/report.mjs';
import { readTables } from '../src/tables.mjs';

const PROGRAM = fileURLToPath(new URL('../run.mjs', import.meta.url));

/** Each benchmark, with the options that make it short. */
const BENCHMARKS = [
  ['fanout', ['--rounds', '1', '--steps', '1', '--only', 'bare, publish', 'sluice']],
  ['fixed', ['--rounds', '1', '--rate', '8000']],
  ['coalesce', ['--rounds', '1', '--rate', '8000']],
  ['connect', ['--rounds', '1', '--storms', '2']],
  ['memory', ['--rounds', '1']],
  ['own-channel', ['--rounds', '1', '--connections', '5000']],
  ['footprint', ['--rounds', '1']],
  ['stalled', ['--rounds', '1', '--seconds', '4']],
  ['reconnect', ['--rounds', '1']],
  ['presence', []],
  ['flood', ['--rounds', '1', '--seconds', '5']],
  ['sse', []],
  ['durable', []],
  ['queue', ['--quick']],
  ['request', ['--quick']],
  ['filter', ['--quick']],
  ['connect', ['--rounds', '1']],
  ['own-channel', ['--rounds', '1']],
  ['cluster', ['--rounds', '1']],
  ['redis', []],
];

/** Runs one benchmark in a process of its own. Its progress is shown, its tables are returned. */
function measure(name, options) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, name, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('exit', (code) => resolve({ text, code }));
  });
}

const inWords = ({ name, figures }) => [name, figures.map(({ head, cell }) => `${head} ${cell}`.trim()).join(' · ')];

async function run({ quick }) {
  const rows = [];
  for (const [name, options] of BENCHMARKS) {
    console.error(`${name} …`);
    const { text, code } = await measure(name, quick ? options : []);
    const measured = readTables(text).map((row) => [name, ...inWords(row)]);
    rows.push(...measured);
    if (code !== 0) rows.push([name, 'failed', `exit code ${code}; run it alone: npm run bench -- ${name}`]);
  }
  console.log(`\n${table(['benchmark', 'row', 'figures'], rows)}\n`);
}

export function all(program) {
  program
    .command('all')
    .description('every benchmark, one after the other, and one table of their figures')
    .option('--quick', 'short runs: about ten minutes on two idle cores', false)
    .action(run);
}

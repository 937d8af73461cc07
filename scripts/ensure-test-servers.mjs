// Finds or installs the servers and programs that tests start: databases, brokers and proxies. Says where
// each is. What is missing does not stop the tests: those that need it fail with that reason, or are skipped.
import { BROKERS, ensureProgram, PROXIES } from './find-program.mjs';
import { ensureRedis } from './find-redis.mjs';
import { ensureGoProgram, PSTEST } from './go-programs.mjs';
import { ensureJars, JVM_BROKERS } from './jvm-brokers.mjs';
import { ensurePythonProgram, MOTO } from './python-programs.mjs';

/** One after the other: packages can only be installed by one process at a time. @type {[name: string, ensure: () => string][]} */
const SERVERS = [
  ['Redis', ensureRedis],
  ...rows({ ...PROXIES, ...BROKERS }, ensureProgram),
  ...rows(JVM_BROKERS, ensureJars),
  [PSTEST.name, () => ensureGoProgram(PSTEST)],
  [MOTO.name, () => ensurePythonProgram(MOTO)],
];

for (const [name, ensure] of SERVERS) {
  try {
    console.log(`${name}: ${ensure()}\n`);
  } catch (error) {
    console.log(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

/**
 * @template {{ name: string }} T
 * @param {Readonly<Record<string, T>>} table
 * @param {(row: T) => string} ensure
 * @returns {[string, () => string][]}
 */
function rows(table, ensure) {
  return Object.values(table).map((row) => [row.name, () => ensure(row)]);
}

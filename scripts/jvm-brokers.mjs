/** Message brokers that run on a Java virtual machine: their jars are fetched from Maven Central once. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, install } from './find-program.mjs';

/**
 * @typedef {object} JvmBroker
 * @property {string} name
 * @property {string} variable names a folder of jars to use instead
 * @property {readonly string[]} artifacts `group:artifact:version`; what they depend on comes with them
 */

/** @param {string} version @param {readonly string[]} names of artifacts of ActiveMQ */
const activemq = (version, ...names) => names.map((name) => `org.apache.activemq:${name}:${version}`);

/** One row for each broker. @type {Readonly<Record<'kafka' | 'elasticmq' | 'artemis' | 'classic', JvmBroker>>} */
export const JVM_BROKERS = {
  kafka: { name: 'kafka', variable: 'SLUICE_KAFKA_JARS', artifacts: ['org.apache.kafka:kafka_2.13:4.3.1'] },
  elasticmq: {
    ...{ name: 'elasticmq', variable: 'SLUICE_ELASTICMQ_JARS' },
    artifacts: ['org.elasticmq:elasticmq-server_2.13:1.6.12'],
  },
  artemis: {
    ...{ name: 'artemis', variable: 'SLUICE_ARTEMIS_JARS' },
    artifacts: activemq('2.40.0', 'artemis-server', 'artemis-amqp-protocol'),
  },
  classic: {
    ...{ name: 'activemq-classic', variable: 'SLUICE_ACTIVEMQ_JARS' },
    artifacts: activemq('6.3.1', 'activemq-broker', 'activemq-kahadb-store', 'activemq-amqp'),
  },
};

/** With a compiler: tests run some brokers from a `.java` file. */
const JAVA = { name: 'java', package: 'default-jdk-headless', variable: 'SLUICE_JAVA', version: '-version' };
const MAVEN = { name: 'mvn', package: 'maven', variable: 'SLUICE_MAVEN', version: '-version' };

/** Milliseconds for which Maven may fetch. */
const FETCH = 600_000;

/** Survives runs of the tests, and is ignored by git. */
const cache = () => process.env.SLUICE_TEST_CACHE ?? fileURLToPath(new URL('../.test-cache', import.meta.url));

/** The folder of a broker in the cache; other versions have another one. @param {JvmBroker} broker */
const folderOf = ({ name, artifacts }) =>
  join(cache(), `${name}-${createHash('sha256').update(artifacts.join()).digest('hex').slice(0, 12)}`);

/** Advice if a broker is missing. @param {JvmBroker} broker */
export const howToGetJars = ({ name, variable, artifacts }) => `${name} was not found. Do one of these:
  apt-get install maven ${JAVA.package}      (npm test then fetches ${artifacts.join(', ')})
  ${variable}=/path/to/folder/of/jars npm test`;

/** The Java to run brokers with; `undefined`: there is none. */
export const findJava = () => findProgram(JAVA);

/**
 * Looks for the jars of a broker: the variable, then the cache.
 *
 * @param {JvmBroker} broker
 * @returns {string | undefined} a folder; nothing if it or Java is missing
 * @throws {Error} if the variable names a missing folder
 */
export function findJars(broker) {
  const { [broker.variable]: wished = '' } = process.env;
  if (wished !== '' && !existsSync(wished)) throw new Error(`${broker.variable} names ${wished}, which does not exist`);
  const folder = wished === '' ? folderOf(broker) : wished;
  return existsSync(folder) && findJava() !== undefined ? folder : undefined;
}

/**
 * The jars of a broker for the tests. What is missing is installed, as root from the distribution, and
 * fetched.
 *
 * @param {JvmBroker} broker
 * @returns {string} a folder of jars
 * @throws {Error} with advice, if something is missing and could not be had
 */
export function ensureJars(broker) {
  if (findJava() === undefined) install(broker.name, [JAVA.package]);
  if (findJars(broker) === undefined) fetchJars(broker);
  const folder = findJars(broker);
  if (folder === undefined) throw new Error(howToGetJars(broker));
  return folder;
}

/**
 * Fetches into a folder of its own, which gets its name when it is complete: an interrupted fetch
 * leaves nothing that a later run would use.
 *
 * @param {JvmBroker} broker
 */
function fetchJars(broker) {
  const maven = findMaven(broker.name);
  if (maven === undefined) return;
  const target = folderOf(broker);
  mkdirSync(cache(), { recursive: true });
  const work = mkdtempSync(join(cache(), '.fetch-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pomOf(broker.artifacts));
    if (copyDependencies(maven, work)) publish(join(work, 'jars'), target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} broker that needs it */
function findMaven(broker) {
  if (findProgram(MAVEN) === undefined) install(broker, ['maven']);
  return findProgram(MAVEN);
}

/** @param {string} maven @param {string} folder of the pom */
function copyDependencies(maven, folder) {
  console.error(`[maven] fetching jars into ${folder}`);
  const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
  // The output goes to standard error: standard output belongs to the reports of the tests.
  const { status } = spawnSync(maven, args, { cwd: folder, stdio: ['ignore', 2, 2], timeout: FETCH });
  return status === 0;
}

/** @param {string} from @param {string} to */
function publish(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // another run was faster, and its jars are the same
  }
}

/** @param {readonly string[]} artifacts */
function pomOf(artifacts) {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice.test</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}

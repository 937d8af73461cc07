import { findJars, findJava, howToGetJars, type JvmBroker } from '../../../scripts/jvm-brokers.mjs';
import { missing } from './programs.ts';

/** Small heaps: otherwise a virtual machine takes a quarter of the machine's memory. */
const SMALL = [
  ...['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
  '-XX:MaxDirectMemorySize=128m',
];

/** The program that runs a broker on a virtual machine. */
export const java = (): string => findJava() ?? 'java';

/** The arguments of `java` that run a class, or a `.java` file, with the jars of a broker. */
export const javaArgs = (broker: JvmBroker, main: string, ...args: readonly string[]): readonly string[] => [
  ...[...SMALL, '-cp', `${findJars(broker) ?? broker.name}/*`],
  ...[main, ...args],
];

/** Why the tests with a broker are skipped; `false`: they run. */
export const missingJvm = (broker: JvmBroker): string | false => missing(findJars(broker), howToGetJars(broker));

/** Two bridges must not read with the same state of a broker: each would skip what the other one reads. */

import type { BridgeConfig, BridgeOptions, InboundBridge } from '../../bridge.ts';
import type { Option, Table } from '../options/option.ts';
import { formatPath, type Problems } from '../problems.ts';
import type { Environment, Reader, ReaderPart } from './bridge-system.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';

interface Around {
  readonly env: Environment;
  readonly problems: Problems;
}

/** A bridge that reads, and what it reads alone. */
interface Known extends Reader {
  readonly name: string;
  readonly system: string;
}

/** A bridge that reads what an earlier one reads. */
interface Clash {
  readonly bridge: Known;
  readonly other: Known;
  readonly part: ReaderPart;
  /** `false`: only if the servers of both are of one cluster. */
  readonly isCertain: boolean;
}

/** Adds a problem for each bridge that reads what an earlier one reads. */
export function checkReaders(bridges: readonly BridgeConfig[], { env, problems }: Around): void {
  for (const { bridge, other, part } of firstOfEach(clashesOf(bridges, env).filter(({ isCertain }) => isCertain))) {
    const fault = `reads ${part.name}, as the bridge "${other.name}" does: each would miss messages that the other one gets`;
    problems.add(['bridges', bridge.name, 'from'], `${fault}. ${bridge.remedy}`);
  }
}

/** A hint for each bridge that reads what an earlier one reads, if both are of one cluster. */
export function hintsForReaders(bridges: readonly BridgeConfig[]): readonly string[] {
  return firstOfEach(clashesOf(bridges, {}).filter(({ isCertain }) => !isCertain)).map(({ bridge, other, part }) => {
    const path = formatPath(['bridges', bridge.name, 'from']);
    const remedy = `${bridge.remedy.charAt(0).toLowerCase()}${bridge.remedy.slice(1)}`;
    return `${path}: reads ${part.name}, as "${other.name}" does. If both are of one cluster, ${remedy}`;
  });
}

const firstOfEach = (clashes: readonly Clash[]): readonly Clash[] =>
  clashes.filter(({ bridge }, at) => clashes.findIndex((clash) => clash.bridge === bridge) === at);

function clashesOf(bridges: readonly BridgeConfig[], env: Environment): readonly Clash[] {
  const known = bridges.flatMap((bridge): Known[] => {
    const reader = bridge.direction === 'in' ? readerOf(bridge, env) : undefined;
    return reader === undefined ? [] : [{ ...reader, name: bridge.name, system: bridge.system }];
  });
  return known.flatMap((bridge, at) =>
    known.slice(0, at).flatMap((other): Clash[] => {
      const part = bridge.system === other.system ? sharedPart(other, bridge) : undefined;
      return part === undefined ? [] : [{ bridge, other, part, isCertain: haveCommonServer(bridge, other) }];
    }),
  );
}

/** Of systems whose parts name the server, those with a common part have one. */
const haveCommonServer = ({ servers }: Reader, other: Reader): boolean =>
  servers === undefined || servers.some((server) => other.servers?.includes(server));

/** What a bridge reads alone; `undefined` also if it is not known, because options are missing or wrong. */
function readerOf({ system, connection, from }: InboundBridge, env: Environment): Reader | undefined {
  const { connection: how, from: what = {}, reader } = BRIDGE_SYSTEMS[system] ?? {};
  return isComplete(how ?? {}, connection) && isComplete(what, from) ? reader?.(connection, from, env) : undefined;
}

const isComplete = (table: Table, options: BridgeOptions): boolean =>
  Object.entries<Option | Table>(table).every(([name, row]) => row.required !== true || options[name] !== undefined);

const sharedPart = (one: Reader, other: Reader): ReaderPart | undefined =>
  one.parts.find(({ id }) => other.parts.some((part) => isSame(id, part.id)));

const isSame = (one: ReaderPart['id'], other: ReaderPart['id']): boolean =>
  one.length === other.length && one.every((step, at) => step === null || other[at] === null || step === other[at]);

/** Two bridges must not read with the same state of a broker: each would skip what the other one reads. */

import type { BridgeConfig, BridgeOptions, InboundBridge } from '../../bridge.ts';
import type { Option, Table } from '../options/option.ts';
import type { Problems } from '../problems.ts';
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

/** Adds a problem for each bridge that reads what an earlier one reads. */
export function checkReaders(bridges: readonly BridgeConfig[], { env, problems }: Around): void {
  const before: Known[] = [];
  for (const bridge of bridges) {
    const reader = bridge.direction === 'in' ? readerOf(bridge, env) : undefined;
    if (reader === undefined) continue;
    const known = { ...reader, name: bridge.name, system: bridge.system };
    const clash = before.find((other) => other.system === known.system && sharedPart(other, known) !== undefined);
    if (clash !== undefined) {
      const part = sharedPart(clash, known)?.name;
      const fault = `reads ${part}, as the bridge "${clash.name}" does: each would miss messages that the other one gets`;
      problems.add(['bridges', bridge.name, 'from'], `${fault}. ${reader.remedy}`);
    }
    before.push(known);
  }
}

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

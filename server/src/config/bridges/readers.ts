/** Two bridges must not read with the same state of a broker: each would skip what the other one reads. */

import type { BridgeConfig, BridgeOptions } from '../../bridge.ts';
import type { Problems } from '../problems.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';

/** A bridge that reads, and what it reads alone. */
interface Known {
  readonly name: string;
  readonly system: string;
  readonly servers: readonly string[];
  readonly parts: readonly string[];
}

/** Adds a problem for each bridge that reads what an earlier one reads. */
export function checkReaders(bridges: readonly BridgeConfig[], problems: Problems): void {
  const before: Known[] = [];
  for (const { name, system, direction, connection, from } of bridges) {
    const reader = direction === 'in' ? BRIDGE_SYSTEMS[system]?.reader?.(connection, from as BridgeOptions) : undefined;
    if (reader === undefined) continue;
    const known = { name, system, servers: reader.servers.map(serverOf), parts: reader.parts };
    const clash = before.find((other) => other.system === system && isShared(other, known));
    const part = clash?.parts.find((each) => known.parts.includes(each));
    if (clash !== undefined) {
      const fault = `reads ${part}, as the bridge "${clash.name}" does: each would miss messages that the other one gets`;
      problems.add(['bridges', name, 'from'], `${fault}. ${reader.remedy}`);
    }
    before.push(known);
  }
}

const isShared = (one: Known, other: Known): boolean =>
  one.servers.some((server) => other.servers.includes(server)) && one.parts.some((part) => other.parts.includes(part));

/** A server without scheme and credentials; what is no URL is compared as it is. */
function serverOf(text: string): string {
  const url = text.trim();
  const [, , rest = url] = /^([a-z0-9+.-]+:\/\/)(.*)$/i.exec(url) ?? [];
  return rest
    .slice(rest.lastIndexOf('@') + 1)
    .replace(/\?.*$/, '')
    .replace(/\/$/, '')
    .toLowerCase();
}

import type { BridgeConfig } from '../../bridge.ts';
import { parseUrl } from '../../util/parse-url.ts';
import { hostFault } from '../host-port.ts';
import { rowsOf } from '../options/option.ts';
import { formatDuration } from '../values.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';

const HIDDEN = '(hidden)';

/** Of each address scheme, host and path; nothing of what may have a user or a password in it. */
function bareUrl(text: string): string {
  const url = parseUrl(text) ?? undefined;
  if (url !== undefined && url.host !== '') {
    return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
  }
  const isBare = hostFault(text) === null || text.startsWith('ipc://');
  return isBare && !text.includes('@') ? text : HIDDEN;
}

const bareUrls = (text: string): string =>
  text
    .split(',')
    .map((url) => bareUrl(url.trim()))
    .join(',');

/** Types of options that are addresses. */
const ADDRESSES: readonly string[] = ['URL', 'address'];

function describeConnection({ system, connection }: BridgeConfig): Record<string, unknown> {
  const rows = rowsOf(BRIDGE_SYSTEMS[system]?.connection ?? {});
  const shown = rows.flatMap(({ path: name, kind, type }) => {
    const value = connection[name];
    if (value === undefined) return [];
    if (kind === 'secret') return [[name, HIDDEN]];
    return [[name, ADDRESSES.includes(type) && typeof value === 'string' ? bareUrls(value) : value]];
  });
  return Object.fromEntries(shown);
}

function describeBridge(bridge: BridgeConfig): Record<string, unknown> {
  const { system, inFlight, origin, from, to } = bridge;
  const common = { [system]: describeConnection(bridge), from, inFlight, ...(origin !== undefined && { origin }) };
  if (bridge.direction === 'out') return { ...common, to: { ...to, envelope: bridge.envelope } };
  const { poison, dedupe } = bridge;
  return {
    ...{ ...common, to, dedupe: formatDuration(dedupe) },
    poison: poison.kind === 'deadLetter' ? { deadLetter: poison.channel } : poison.kind,
  };
}

/** The bridges, without secrets. */
export const describeBridges = (bridges: readonly BridgeConfig[]): Record<string, unknown> =>
  Object.fromEntries(bridges.map((bridge) => [bridge.name, describeBridge(bridge)]));

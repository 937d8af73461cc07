import type { BridgeConfig, BridgeOptions } from '../../bridge.ts';
import { formatDuration } from '../values.ts';

const HIDDEN = '(hidden)';
/** Options of connections that are shown. Any other may be a secret, as may the user part of a URL. */
const SHOWN = new Set(['brokers', 'group', 'region', 'tls', 'ssl', 'vhost', 'database', 'project', 'clientId']);

const URLS = new Set(['url', 'endpoint']);

/** Of each URL only scheme, host and path; nothing of what is not a URL. */
function bareUrls(text: string): string {
  const bare = text.split(',').map((url) => {
    if (!URL.canParse(url.trim())) return HIDDEN;
    const { protocol, host, pathname } = new URL(url.trim());
    return host === '' ? HIDDEN : `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  });
  return bare.join(',');
}

const describeConnection = (connection: BridgeOptions) =>
  Object.fromEntries(
    Object.entries(connection).map(([name, value]) => {
      if (SHOWN.has(name)) return [name, value];
      return [name, URLS.has(name) && typeof value === 'string' ? bareUrls(value) : HIDDEN];
    }),
  );

function describeBridge(bridge: BridgeConfig): Record<string, unknown> {
  const { system, connection, inFlight, origin, from, to } = bridge;
  const common = { [system]: describeConnection(connection), from, inFlight, ...(origin !== undefined && { origin }) };
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

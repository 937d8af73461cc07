import { ticketSecrets } from '../auth/tickets.ts';
import type { BridgeConfig, BridgeOptions } from '../bridge.ts';
import type { Rule } from '../rule.ts';
import type { BridgeSystem } from './bridges/bridge-system.ts';
import { BRIDGE_SYSTEMS } from './bridges/bridge-systems.ts';
import { hintsForReaders } from './bridges/readers.ts';
import { hintsOfBraces } from './bridges/templates.ts';
import type { Config } from './config.ts';
import { formatPath, type Path } from './problems.ts';

/** Valid settings that are probably not intended: each as `option.path: what it means. What to do`. */
export function hintsFor({ apps, ...main }: Config): string[] {
  return [
    ...hintsForApp(main),
    ...hintsForBridges(main),
    ...apps.flatMap(({ name, config }) => hintsForApp(config, ['apps', name])),
  ];
}

const hintsForApp = (config: Omit<Config, 'apps'>, base: Path = []): string[] => [
  ...hintsForRules(config.channels, base),
  ...hintsForTickets(config, base),
];

/** An app has no bridges. */
const hintsForBridges = ({ engine, bridges }: Omit<Config, 'apps'>): string[] => [
  ...(engine === 'memory' && bridges.length > 0
    ? [`${formatPath(['bridges'])}: with the engine "memory", a restart loses messages ${BRIDGES_LOSE}`]
    : []),
  ...hintsForReaders(bridges),
  ...bridges.flatMap(hintsForBraces),
];

function hintsForBraces({ name, system, direction, from, to }: BridgeConfig): readonly string[] {
  const tables: Partial<BridgeSystem> = BRIDGE_SYSTEMS[system] ?? {};
  const part = direction === 'in' ? 'from' : 'to';
  const options = (direction === 'in' ? from : to) as BridgeOptions;
  return hintsOfBraces(tables[part] ?? {}, options).map(
    ([option, hint]) => `${formatPath(['bridges', name, part, option])}: ${hint}`,
  );
}

const BRIDGES_LOSE =
  'that were read and acknowledged to the broker, and messages that were not sent yet. Choose engine: durable or redis';

/** Are there other processes that cannot open the tickets of this one? */
export const hasLocalTickets = (config: Omit<Config, 'apps'>): boolean =>
  config.sse && (config.engine === 'redis' || config.workers > 1) && ticketSecrets(config).length === 0;

function hintsForTickets(config: Omit<Config, 'apps'>, base: Path): string[] {
  if (!hasLocalTickets(config)) return [];
  const path = formatPath([...base, 'sse']);
  return [`${path}: a ticket is accepted only by the process that issued it. ${TICKETS_NEED}`];
}

export const TICKETS_NEED =
  'Add an API key without "caps" or a shared secret in "keys": all nodes and workers derive the key of tickets from them';

function hintsForRules(rules: readonly Rule[], base: Path = []): string[] {
  return rules.filter(allowsNothing).map(({ pattern }) => {
    const path = formatPath([...base, 'channels', pattern.source]);
    return `${path}: permits nothing except by capabilities of tokens and API keys. Add allow, for example { subscribe: users }`;
  });
}

const allowsNothing = ({ allow }: Rule): boolean => Object.values(allow).every((grants) => grants.length === 0);

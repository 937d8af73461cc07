/** Contracts in the configuration: loads their module, and merges their rules with those of the file. */

import { existsSync } from 'node:fs';
import { type ChannelContract, type Channels, checkChannels, type RequestContract } from '@sluice/protocol/contracts';
import type { RequestSchemas, RuleSchemas } from '../rule.ts';
import { importModule } from './import-module.ts';
import { ConfigError, type Problems } from './problems.ts';

/**
 * Loads the contracts that a module exports as `channels`, or as default.
 *
 * @param file absolute path
 * @param source the option that named the file, such as `--contracts`
 * @throws ConfigError if the module is missing, throws, or exports no contracts
 */
export async function loadContracts(file: string, source: string | undefined): Promise<Channels> {
  const exported = await importContracts(file, source);
  const problems = exported === undefined ? [NO_EXPORT] : checkChannels(exported);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `contracts: ${file}: ${problem}`));
  return exported as Channels;
}

const NO_EXPORT = 'exports no contracts. Export const channels = defineChannels({ … })';

async function importContracts(file: string, source = 'the configuration'): Promise<unknown> {
  if (!existsSync(file)) {
    throw new ConfigError([`contracts: there is no file ${file}. Correct the path in ${source}, or build it first`]);
  }
  try {
    const module = await importModule(file);
    return module.channels ?? module.default;
  } catch (error) {
    throw new ConfigError([`contracts: ${file} cannot be loaded: ${messageOf(error)}`]);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Checks the option `contracts` of an embedded gateway. Adds errors to `problems`. */
export function readContracts(value: unknown, problems: Problems): Channels {
  if (value === undefined || value === null) return {};
  if (typeof value === 'string') {
    problems.add(
      ['contracts'],
      'is a path, which is only allowed in a configuration file. Import the module, and pass its channels',
    );
    return {};
  }
  const found = checkChannels(value);
  for (const problem of found) problems.add(['contracts'], problem);
  return found.length === 0 ? (value as Channels) : {};
}

type Inputs = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Merges the rules of contracts with those of the configuration. For the same pattern, each option
 * of the configuration replaces the contract's.
 */
export function mergeRules(contracts: Channels, channels: Inputs): [pattern: string, rule: unknown][] {
  const merged = new Map<string, unknown>(
    Object.entries(contracts).map(([pattern, { rule }]) => [pattern, rule ?? {}]),
  );
  for (const [pattern, value] of Object.entries(channels)) {
    const base = merged.get(pattern);
    // The schema of rules refuses anything that is not a rule.
    merged.set(pattern, isPlain(base) && (value == null || isPlain(value)) ? { ...base, ...value } : value);
  }
  return [...merged];
}

/** The schemas of a contract; `null` if it has none. */
export function schemasOf(contract: ChannelContract | undefined): RuleSchemas | null {
  const { message, events, presence, request } = contract ?? {};
  if (!message && !events && !presence && !request) return null;
  return {
    message: message ?? null,
    events: events ? new Map(Object.entries(events)) : null,
    presence: presence ?? null,
    request: request ? requestSchemasOf(request) : null,
  };
}

const requestSchemasOf = (request: RequestContract): RequestSchemas => ({
  in: request.in ?? null,
  out: request.out ?? null,
  errors: request.errors ? new Map(Object.entries(request.errors)) : null,
});

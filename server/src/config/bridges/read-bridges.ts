/** `bridges`: from the configuration's input to resolved bridges. */

import { isChannelName } from '@sluice/protocol';
import type { BridgeConfig, BridgeOptions, OutboundBridge, Poison } from '../../bridge.ts';
import type { Rule } from '../../rule.ts';
import type { Table } from '../options/option.ts';
import { isPlain, type Path, type Problems, suggest } from '../problems.ts';
import type { Surroundings } from '../read-keys.ts';
import { readTable } from '../read-table.ts';
import { addGroup, checkChannels } from './bridge-channels.ts';
import {
  BRIDGE_OPTIONS,
  INBOUND_OPTIONS,
  INBOUND_TO_OPTIONS,
  OUTBOUND_FROM_OPTIONS,
  OUTBOUND_TO_OPTIONS,
  POISON_OPTIONS,
} from './bridge-options.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';
import { readConnection } from './read-connection.ts';
import { checkReaders } from './readers.ts';
import { faultsOfBraces, type Placeholders, placeholdersOf, templateFault } from './templates.ts';

interface Around extends Surroundings {
  readonly problems: Problems;
}

/** Where an entry is. */
interface At extends Around {
  readonly path: Path;
  readonly name: string;
}

/** A read bridge, and where its consumer group begins. */
interface Read {
  readonly bridge: BridgeConfig;
  readonly start: 'oldest' | 'newest';
}

const SYSTEMS = Object.keys(BRIDGE_SYSTEMS);
const NAME = /^[A-Za-z0-9_-]{1,50}$/;

/** Reads all bridges. Those that send need a consumer group in the rule of their channel, which is added. */
export function readBridges(
  bridges: Readonly<Record<string, unknown>> | undefined,
  channels: readonly Rule[],
  around: Around,
): { readonly bridges: readonly BridgeConfig[]; readonly channels: readonly Rule[] } {
  const read = Object.entries(bridges ?? {}).flatMap(([name, value]) => {
    const found = readBridge(value, { ...around, name, path: ['bridges', name] });
    return found === undefined ? [] : [found];
  });
  const rules = [...channels];
  for (const { bridge, start } of read) {
    if (bridge.direction === 'out') addGroup(rules, { bridge, start }, around.problems);
    else checkChannels(rules, bridge, around.problems);
  }
  const all = read.map(({ bridge }) => bridge);
  checkReaders(all, around);
  return { bridges: all, channels: rules };
}

function readBridge(value: unknown, at: At): Read | undefined {
  const { name, path, problems } = at;
  if (!NAME.test(name)) problems.add(path, 'is not a name for a bridge. Use up to 50 characters of A-Z a-z 0-9 _ -');
  if (!isPlain(value)) {
    problems.add(path, 'must be an object. Example: { redis: { … }, from: { … }, to: { … } }');
    return undefined;
  }
  const system = systemOf(value, at);
  if (system === undefined) return undefined;
  const { from, to, poison, [system.name]: connection, ...rest } = value;
  const common = {
    name,
    system: system.name,
    connection: readConnection(system.options, connection, { ...at, path: [...path, system.name] }),
  };
  const parts = { from, to, poison, rest };
  const isOutbound = isPlain(from) && 'channel' in from;
  return isOutbound ? readOutbound(common, system.options, parts, at) : readInbound(common, system.options, parts, at);
}

function systemOf(value: Readonly<Record<string, unknown>>, { path, problems }: At) {
  const found = SYSTEMS.filter((name) => value[name] != null);
  const [name] = found;
  const options = name === undefined ? undefined : BRIDGE_SYSTEMS[name];
  if (name !== undefined && options !== undefined && found.length === 1) return { name, options };
  const has = found.length === 0 ? `none. ${suggestSystem(value)}` : `${found.join(' and ')}. Keep one`;
  problems.add(path, `must have exactly one of ${SYSTEMS.join(', ')}. It has ${has}`);
  return undefined;
}

const OTHERS = ['from', 'to', 'poison', ...Object.keys(BRIDGE_OPTIONS), ...Object.keys(INBOUND_OPTIONS)];

function suggestSystem(value: Readonly<Record<string, unknown>>): string {
  const unknown = Object.keys(value).find((name) => !OTHERS.includes(name));
  return unknown === undefined ? 'Add one' : `"${unknown}" is not a system. ${suggest(unknown, SYSTEMS)}`;
}

type Common = Pick<BridgeConfig, 'name' | 'system' | 'connection'>;

interface Parts {
  readonly from: unknown;
  readonly to: unknown;
  readonly poison: unknown;
  readonly rest: Readonly<Record<string, unknown>>;
}

function readInbound(common: Common, system: BridgeSystem, parts: Parts, at: At): Read | undefined {
  const { title, hasKeys, from: table, fromFault = () => null } = system;
  const { path, problems } = at;
  if (table === undefined) {
    problems.add(path, `${title} has no bridge that reads. Write from: { channel: … } to send to it`);
    return undefined;
  }
  const beside = [common.system, 'from', 'to', 'poison'];
  const { inFlight, origin, dedupe } = readTable({ ...BRIDGE_OPTIONS, ...INBOUND_OPTIONS }, parts.rest, {
    path,
    problems,
    beside,
  });
  const from = readTable(table, parts.from, { path: [...path, 'from'], problems }) as BridgeOptions;
  const fault = fromFault(isPlain(parts.from) ? parts.from : {});
  if (fault !== null) problems.add([...path, 'from'], fault);
  checkBraces(table, from, { path: [...path, 'from'], problems });
  const { data } = readTable({ data: INBOUND_TO_OPTIONS.data }, dataOf(parts.to), { path: [...path, 'to'], problems });
  const to = readTable(data === 'centrifugo' ? WITHOUT_CHANNEL : INBOUND_TO_OPTIONS, parts.to, {
    path: [...path, 'to'],
    problems,
  });
  if (data === 'centrifugo') refuseUnused(to, { path: [...path, 'to'], problems });
  const { channel = '', event, tags } = to;
  const placeholders = placeholdersOf({ title, hasKeys, data });
  const templatesAt = { path: [...path, 'to'], problems, placeholders };
  checkTemplates({ channel, event }, templatesAt);
  checkTemplates(tags ?? {}, { ...templatesAt, path: [...path, 'to', 'tags'] });
  const target = { channel, data, ...(event !== undefined && { event }), ...(tags !== undefined && { tags }) };
  const poison = readPoison(parts.poison, { ...at, path: [...path, 'poison'] });
  const named = { ...common, ...(origin !== undefined && { origin }) };
  const bridge = { ...named, direction: 'in' as const, inFlight, dedupe, from, to: target, poison };
  return { bridge, start: 'oldest' };
}

const WITHOUT_CHANNEL = {
  ...INBOUND_TO_OPTIONS,
  channel: { ...INBOUND_TO_OPTIONS.channel, required: undefined } as unknown as (typeof INBOUND_TO_OPTIONS)['event'],
};

/** The messages for Centrifugo's consumers have all of it themselves. */
function refuseUnused(to: object, { path, problems }: { path: Path; problems: Problems }): void {
  const names = ['channel', 'event', 'tags'] as const;
  for (const name of names.filter((each) => Object.hasOwn(to, each))) {
    problems.add([...path, name], 'is not used with data: centrifugo, because the message has it. Remove it');
  }
}

const dataOf = (to: unknown): unknown => (isPlain(to) && 'data' in to ? { data: to.data } : {});

interface Place {
  readonly path: Path;
  readonly problems: Problems;
}

function checkTemplates(
  templates: Readonly<Record<string, string | undefined>>,
  { path, problems, placeholders }: Place & { readonly placeholders: Placeholders },
): void {
  for (const [name, template] of Object.entries(templates)) {
    const fault = template === undefined ? null : templateFault(template, placeholders);
    if (fault !== null) problems.add([...path, name], fault);
  }
}

function checkBraces(table: Table, options: BridgeOptions, { path, problems }: Place): void {
  for (const [name, fault] of faultsOfBraces(table, options)) problems.add([...path, name], fault);
}

function readPoison(value: unknown, at: At): Poison {
  if (value === undefined || value === null || value === 'stop') return { kind: 'stop' };
  if (value === 'skip') return { kind: 'skip' };
  if (!isPlain(value)) {
    at.problems.add(at.path, 'must be { deadLetter: <channel> }, "skip" or "stop"');
    return { kind: 'stop' };
  }
  const { deadLetter = '' } = readTable(POISON_OPTIONS, value, at);
  if (deadLetter !== '' && !isChannelName(deadLetter)) {
    at.problems.add([...at.path, 'deadLetter'], 'is not a channel. Write a name like "bridge-dead"');
  }
  return { kind: 'deadLetter', channel: deadLetter };
}

function readOutbound(common: Common, { title, to: table }: BridgeSystem, parts: Parts, at: At): Read | undefined {
  const { path, problems } = at;
  if (table === undefined) {
    problems.add(path, `${title} has no bridge that sends. Write what to read in "from"`);
    return undefined;
  }
  const inboundOnly = Object.entries({ ...parts.rest, poison: parts.poison }).filter(
    ([name, value]) => value !== undefined && (name === 'poison' || Object.hasOwn(INBOUND_OPTIONS, name)),
  );
  for (const [name] of inboundOnly) problems.add([...path, name], 'is only for bridges that read. Remove it');
  const beside = [common.system, 'from', 'to', ...Object.keys(INBOUND_OPTIONS)];
  const { inFlight, origin } = readTable(BRIDGE_OPTIONS, parts.rest, { path, problems, beside });
  const { channel = '', start } = readTable(OUTBOUND_FROM_OPTIONS, parts.from, { path: [...path, 'from'], problems });
  const { envelope, ...to } = readTable({ ...table, ...OUTBOUND_TO_OPTIONS }, parts.to, {
    path: [...path, 'to'],
    problems,
  });
  checkBraces(table, to as BridgeOptions, { path: [...path, 'to'], problems });
  const bridge: OutboundBridge = {
    ...{ ...common, ...(origin !== undefined && { origin }) },
    ...{ direction: 'out', inFlight, from: { channel }, envelope },
    to: to as BridgeOptions,
  };
  return { bridge, start };
}

/** What differs between two configurations, in words that contain no secret. */

import { isDeepStrictEqual } from 'node:util';
import type { Rule } from '../rule.ts';
import type { Config } from './config.ts';
import { describeConfig } from './describe.ts';
import { APP_LIMITS_OPTIONS, APP_OPTIONS } from './options/apps.ts';

/** What a reload applies, and what it cannot apply. */
export interface Differences {
  /** A sentence per difference, such as `channels: changed "chat:{room}"`. */
  readonly changes: readonly string[];
  /** Options that differ and need a restart, such as `heartbeat` or `limits.maxFrame`. */
  readonly restart: readonly string[];
}

/** The limits that a reload applies. The others are built into sockets and buffers. */
export const LIVE_LIMITS = [
  'subscriptions',
  'requests',
  'operations',
  'bytes',
  'connectionsPerUser',
  'connectionsPerAddress',
  'connectionRate',
  'connectionRatePerAddress',
] as const satisfies readonly (keyof Config['limits'])[];

const LIVE_OPTIONS: ReadonlySet<string> = new Set([
  ...['channels', 'schedules', 'hooks', 'webhooks', 'keys', 'apiKeys', 'limits'],
  'apps', // compared by themselves
]);

/** Derived for a run, and never different because of a file. */
const DERIVED: ReadonlySet<string> = new Set(['node', 'devSecret', 'devApiKey']);

export function differencesOf(before: Config, next: Config): Differences {
  const [old, fresh] = [describeConfig(before), describeConfig(next)];
  const apps = appDifferences(before, next);
  return {
    changes: [
      ...namedChanges('channels', old.channels, fresh.channels),
      ...replacedCode(before.channels, next.channels),
      ...namedChanges('schedules', old.schedules, fresh.schedules),
      ...namedChanges('hooks', byName(before.hooks), byName(next.hooks)),
      ...namedChanges('webhooks', byName(before.webhooks), byName(next.webhooks)),
      ...(isDeepStrictEqual(before.keys, next.keys) ? [] : ['keys: changed']),
      ...namedChanges('apiKeys', byName(before.apiKeys), byName(next.apiKeys)),
      ...limitChanges(before, next),
      ...apps.flatMap(({ changes }) => changes),
    ],
    restart: [
      ...[...fixedOptions(before, next), ...fixedLimits(before, next)].sort(),
      ...apps.flatMap(({ restart }) => restart),
    ],
  };
}

/** The differences between two configurations of an app, without the options of the process. */
export function differencesOfApp(before: Config, next: Config): Differences {
  const pick = (from: object, table: object) => Object.entries(from).filter(([name]) => Object.hasOwn(table, name));
  const limits = { ...before.limits, ...Object.fromEntries(pick(next.limits, APP_LIMITS_OPTIONS)) };
  const rest = Object.entries(before).filter(([name]) => !Object.hasOwn(APP_OPTIONS, name));
  const own = { ...Object.fromEntries([...rest, ...pick(next, APP_OPTIONS)]), limits };
  return differencesOf(before, own as Config);
}

/** Apps are opened and closed with the process. */
function appDifferences({ apps: before }: Config, { apps: next }: Config): Differences[] {
  const names = [...new Set([...before, ...next].map(({ name }) => name))];
  return names.map((name) => {
    const [old, fresh] = [before, next].map((apps) => apps.find((app) => app.name === name));
    if (old === undefined || fresh === undefined) return { changes: [], restart: [`apps.${name}`] };
    const { changes, restart } = differencesOfApp(old.config, fresh.config);
    const moved = isDeepStrictEqual(old.at, fresh.at) ? [] : ['at'];
    return {
      changes: changes.map((change) => `apps.${name}: ${change}`),
      restart: [...moved, ...restart].map((option) => `apps.${name}.${option}`),
    };
  });
}

const byName = (entries: readonly { readonly name: string }[]) =>
  Object.fromEntries(entries.map((entry) => [entry.name, entry]));

/** The entries that were added, removed and changed, by name. */
function namedChanges(option: string, before: unknown, next: unknown): string[] {
  const [old, fresh] = [(before ?? {}) as Record<string, unknown>, (next ?? {}) as Record<string, unknown>];
  const lists: [string, string[]][] = [
    ['added', Object.keys(fresh).filter((name) => !Object.hasOwn(old, name))],
    ['removed', Object.keys(old).filter((name) => !Object.hasOwn(fresh, name))],
    [
      'changed',
      Object.keys(fresh).filter((name) => Object.hasOwn(old, name) && !isDeepStrictEqual(old[name], fresh[name])),
    ],
  ];
  return lists.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${option}: ${what} ${names.map((name) => `"${name}"`).join(', ')}`],
  );
}

/** Contracts and grant functions have no content that could be compared: another object counts as replaced. */
function replacedCode(before: readonly Rule[], next: readonly Rule[]): string[] {
  const names = next
    .filter((rule) => {
      const known = before.find(({ pattern }) => pattern.source === rule.pattern.source);
      return known !== undefined && !isSameList(codeOf(known), codeOf(rule));
    })
    .map(({ pattern }) => `"${pattern.source}"`)
    .sort();
  return names.length === 0 ? [] : [`channels: contract or functions replaced ${names.join(', ')}`];
}

function codeOf({ allow, schemas }: Rule): readonly unknown[] {
  const functions = Object.values(allow).flatMap((grants) =>
    grants.flatMap((grant) => (grant.kind === 'function' ? [grant.decide] : [])),
  );
  if (schemas === null) return functions;
  const { message, presence, events, request } = schemas;
  const parts = [message, presence, ...(events?.values() ?? [])];
  return [...functions, ...parts, request?.in, request?.out, ...(request?.errors?.values() ?? [])];
}

const isSameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at]);

/** 0 means no limit, as in the file. */
const shownLimit = (limit: Config['limits'][(typeof LIVE_LIMITS)[number]]): number =>
  typeof limit === 'number' ? limit : (limit?.perSecond ?? 0);

function limitChanges({ limits: old }: Config, { limits: fresh }: Config): string[] {
  return LIVE_LIMITS.flatMap((name) =>
    shownLimit(old[name]) === shownLimit(fresh[name])
      ? []
      : [`limits.${name}: ${shownLimit(old[name])} → ${shownLimit(fresh[name])}`],
  );
}

function fixedLimits({ limits: old }: Config, { limits: fresh }: Config): string[] {
  const live: readonly string[] = LIVE_LIMITS;
  const names = Object.keys(fresh) as (keyof Config['limits'])[];
  return names.flatMap((name) => (live.includes(name) || old[name] === fresh[name] ? [] : [`limits.${name}`]));
}

function fixedOptions(before: Config, next: Config): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(next)]) as ReadonlySet<keyof Config>;
  return [...names].filter(
    (name) => !LIVE_OPTIONS.has(name) && !DERIVED.has(name) && !isDeepStrictEqual(before[name], next[name]),
  );
}

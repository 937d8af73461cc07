/** The part of the configuration that each app has for itself: from the input to its meaning. */

import { randomBytes } from 'node:crypto';
import { intersectPatterns } from '@sluice/protocol';
import type { Rate } from '../rule.ts';
import { readBridges } from './bridges/read-bridges.ts';
import { readChannels } from './channel-rules.ts';
import type { Config } from './config.ts';
import { readContracts } from './contracts.ts';
import { readHooks } from './hooks.ts';
import type { Settings } from './options.ts';
import { type Problems, suggest } from './problems.ts';
import { readApiKeys, readKeys, type Surroundings } from './read-keys.ts';
import { readSchedules } from './recurring.ts';
import { readWebhooks } from './webhooks.ts';

/** Secrets of one app that are generated for a run if they are not configured. */
type InventedKeys = Partial<Pick<Config, 'devSecret' | 'devApiKey'>>;

/** Secrets and names that are generated for a run if they are not configured. */
export interface Invented extends InventedKeys {
  readonly node?: string;
  readonly apps?: readonly { readonly name: string; readonly config: InventedKeys }[];
}

/** The values on which the meaning of a setting may also depend. */
export interface Around extends Surroundings {
  /** The input of the configuration. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly problems: Problems;
  readonly terminal: boolean;
  readonly invented: Invented;
  /** Is it one of `apps`? Then flags and variables say nothing about it. */
  readonly isNamed?: boolean;
}

/** The rule of development mode if no rule is given: for trying things out. */
const DEV_CHANNELS = { '**': { allow: { '*': 'users' }, history: true } };

const NO_KEY = [
  'there is none, so no token could be accepted. Do one of these:',
  '      in the file:         keys: [{ secretEnv: MY_SECRET }]   (or pemFile, jwk, jwks)',
  '      in the environment:  SLUICE_SECRET="$(openssl rand -base64 48)"',
  '      to try it out:       sluice serve --dev',
  '    or set anonymous: true, for a gateway without users',
].join('\n');

const NO_KEY_OF_APP =
  'there is none, so no token could be accepted. Add keys: [{ secretEnv: MY_SECRET }] (or pemFile, jwk, jwks), or anonymous: true for an app without users';

const newSecret = () => randomBytes(32).toString('base64url');

type Credentials = Pick<Config, 'keys' | 'apiKeys' | 'devSecret' | 'devApiKey'>;

function readCredentials(settings: Settings, around: Around): Credentials {
  const { dev, anonymous } = settings;
  const { problems, invented, written } = around;
  const isKeyless = written.keys == null || (Array.isArray(written.keys) && written.keys.length === 0);
  const keys = readKeys(settings.keys, around, { problems });
  const apiKeys = readApiKeys(settings.apiKeys, around, { problems });
  if (isKeyless && !anonymous && !dev) problems.add(['keys'], around.isNamed === true ? NO_KEY_OF_APP : NO_KEY);
  const devSecret = dev && settings.keys.length === 0 ? (invented.devSecret ?? newSecret()) : undefined;
  const devApiKey = dev && settings.apiKeys.length === 0 ? (invented.devApiKey ?? newSecret()) : undefined;
  return {
    ...(devSecret === undefined ? { keys } : { keys: [{ secret: devSecret, algorithm: 'HS256' }], devSecret }),
    ...(devApiKey === undefined ? { apiKeys } : { apiKeys: [{ name: 'dev', secret: devApiKey }], devApiKey }),
  };
}

/** Size of a burst, in seconds' worth. */
const BURST = 10;

/** 0 means no limit. The burst is at least `least`. */
const toRate = (perSecond: number, least = 0): Rate | null =>
  perSecond === 0 ? null : { perSecond, burst: Math.max(perSecond * BURST, least) };

/**
 * A reconnect arrives in one burst: every channel is subscribed to, watched and entered again. A
 * command that was refused because of that would be lost.
 */
const reconnect = (subscriptions: number): number => subscriptions * 3 + 100;

function readLimits({ limits }: Settings): Pick<Config, 'limits'> {
  const operations = toRate(limits.operations, reconnect(limits.subscriptions));
  const { connectionRate: perSecond } = limits;
  const connectionRate = perSecond === 0 ? null : { perSecond, burst: perSecond };
  const connectionRatePerAddress = toRate(limits.connectionRatePerAddress);
  return { limits: { ...limits, operations, bytes: toRate(limits.bytes), connectionRate, connectionRatePerAddress } };
}

function readRules(
  { dev, limits, channels, contracts: given, schedules, bridges }: Settings,
  { problems, env, directory }: Around,
): Pick<Config, 'channels' | 'schedules' | 'bridges'> {
  const contracts = readContracts(given, problems);
  const written = channels ?? (dev && given === undefined ? DEV_CHANNELS : {});
  const rules = readChannels(written, { maxFrame: limits.maxFrame, problems, contracts });
  return {
    ...readBridges(bridges, rules, { env, problems, directory }),
    ...(schedules && { schedules: readSchedules(schedules, { rules, problems }) }),
  };
}

const LOOPBACK = ['127.0.0.0/8', '::1'];

function readOutgoing(settings: Settings, around: Around): Pick<Config, 'hooks' | 'webhooks' | 'privateTargets'> {
  const { hooks, webhooks, dev, privateTargets = dev ? LOOPBACK : [] } = settings;
  return { hooks: readHooks(hooks, around), webhooks: readWebhooks(webhooks, around), privateTargets };
}

/** The hooks that answer requests exist, and have a URL. */
function checkResponders({ channels, hooks }: Pick<Config, 'channels' | 'hooks'>, problems: Problems): void {
  const known = hooks.filter(({ target }) => target.kind === 'http').map(({ name }) => name);
  for (const { pattern, respond } of channels) {
    if (respond === undefined || known.includes(respond)) continue;
    const advice = known.length === 0 ? 'Add it to "hooks"' : suggest(respond, known);
    problems.add(['channels', pattern.source, 'respond'], `"${respond}" is not a hook with a URL. ${advice}`);
  }
}

/** A pattern that no channel can match is a mistake: what it is for would never happen. */
function checkPatterns(
  { channels, hooks, webhooks }: Pick<Config, 'channels' | 'hooks' | 'webhooks'>,
  problems: Problems,
): void {
  const isPossible = (source: string) => channels.some(({ pattern }) => intersectPatterns(pattern.source, source));
  for (const [option, entries] of Object.entries({ hooks, webhooks })) {
    for (const { name, channels: patterns } of entries) {
      const wrong = patterns.find(({ source }) => source !== '**' && !isPossible(source));
      if (wrong === undefined) continue;
      const fault = `"${wrong.source}" matches no channel of a rule. Correct the pattern, or add a rule for these channels`;
      problems.add([option, name, 'channels'], fault);
    }
  }
}

/** What `resolveApp` derives. */
type Own =
  | keyof Credentials
  | 'channels'
  | 'schedules'
  | 'bridges'
  | 'hooks'
  | 'webhooks'
  | 'privateTargets'
  | 'limits';

/** Derives the rules, limits, keys and services of an app. */
export function resolveApp(settings: Settings, around: Around): Pick<Config, Own> {
  const own = {
    ...readRules(settings, around),
    ...readOutgoing(settings, around),
    ...readLimits(settings),
    ...readCredentials(settings, around),
  };
  checkResponders(own, around.problems);
  checkPatterns(own, around.problems);
  return own;
}

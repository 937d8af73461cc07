import type { ChannelInput } from '../../server/src/config/config.ts';

const OPEN = { '*': 'users' } as const;
const ALL = { count: 1_000_000, age: '1d' } as const;

/** The rules of the chaos channels, by the first segment of a channel's name. */
export const RULES = {
  /** Nothing may be lost while the engine keeps its data. */
  safe: { allow: OPEN, history: ALL },
  /** The same, with messages that are too large for slow readers. */
  bulk: { allow: OPEN, history: { count: 3_000, age: '1d' } },
  short: { allow: OPEN, history: { count: 20, age: '1d' } },
  latest: { allow: OPEN, history: { count: 500, age: '1d' }, slow: 'latest' },
  drop: { allow: OPEN, history: { count: 500, age: '1d' }, slow: 'drop' },
  passing: { allow: OPEN },
  /** Has a copy of each message of the safe channel of its name. */
  gathered: { allow: OPEN, history: ALL, bind: ['safe:{name}'] },
} as const satisfies Record<string, ChannelInput>;

/** Channels with constant traffic. */
export const CHATS = ['safe:a', 'safe:b', 'safe:c', 'short:a', 'latest:a', 'drop:a', 'passing:a'] as const;

/** Channels with bursts of traffic, and what is expected of them. */
export const BURSTS = ['bulk:a', 'bulk:a', 'latest:a', 'drop:a', 'passing:a'] as const;

/** A channel, and the one that is bound to it. */
export const BOUND = { source: 'safe:a', channel: 'gathered:a' } as const;

export const CHANNELS: readonly string[] = [...CHATS, 'bulk:a', BOUND.channel];

/** @throws Error if no rule matches it */
export function ruleOf(channel: string): ChannelInput {
  const [kind = ''] = channel.split(':');
  const rule = (RULES as Record<string, ChannelInput>)[kind];
  if (rule === undefined) throw new Error(`no rule for ${channel}`);
  return rule;
}

/** The offset before the oldest message that its log must still have. */
export function retiredTo(channel: string, head: number): number {
  const { history } = ruleOf(channel);
  const keeps = typeof history === 'object' ? (history.count ?? 0) : 0;
  return Math.max(0, head - keeps);
}

const SAFE: ReadonlySet<string> = new Set(['safe', 'bulk', 'gathered', 'work', 'risky', 'feed']);

/** Must it have no gaps while the engine keeps its data? */
export const isSafe = (channel: string): boolean => SAFE.has(channel.split(':')[0] ?? '');

/** A channel that some clients read through a filter. */
export const FILTERED = 'safe:b';

/**
 * The tags of a message on this channel: those of a queue that keeps an order have the order's value,
 * those of the filtered channel what its filter selects by.
 */
export function tagsOf(channel: string, n: number): Readonly<Record<string, string>> | undefined {
  if (channel === FILTERED) return { parity: parityOf(n) };
  return channel.startsWith('work:') ? { customer: customerOf(n) } : undefined;
}

export const parityOf = (n: number): 'even' | 'odd' => (n % 2 === 0 ? 'even' : 'odd');

/** The customer of a message: `work` keeps the order of each customer's messages. */
export const customerOf = (n: number): string => `customer-${n % 5}`;

import { type Message, matches } from '@sluice/protocol';
import { type AppendOptions, type Copy, type Entry, UNTIL_SETTLED } from '../engine/engine.ts';
import type { Rule } from '../rule.ts';
import type { BoundChannel } from './bindings.ts';

/** How a message is appended to a channel of the rule. */
export function optionsOf(
  { history: retention, dedupe: window, queue }: Pick<Rule, 'history' | 'dedupe' | 'queue'>,
  key?: string,
): AppendOptions {
  if (queue !== null) {
    const options = { retention: UNTIL_SETTLED, window, queue };
    return key === undefined ? options : { ...options, key };
  }
  return key === undefined ? { retention, window } : { retention, window, key };
}

/** The bound channels that want a message. */
export function wantedBy(bound: readonly BoundChannel[], entry: Entry, channel: string): readonly BoundChannel[] {
  const message: Message = { ...entry, offset: 0 }; // no condition asks for it
  return bound.filter(({ where }) => where.some((conditions) => matches(conditions, message, channel)));
}

/** A copy of a message, without its origin. It expires with the message, or else as its own rule says. */
export function copyOf(
  { from, offset: _offset, ...content }: Entry & { readonly offset?: number },
  { rule }: BoundChannel,
  nextId: () => string,
): Entry {
  const copy = { ...content, id: nextId(), ...(rule.from && from !== undefined ? { from } : {}) };
  const ttl = rule.ttl?.default ?? null;
  return ttl === null || copy.expiresAt !== undefined ? copy : { ...copy, expiresAt: copy.time + ttl };
}

export const NO_COPIES: readonly Copy[] = Object.freeze([]);

interface Copied {
  readonly entry: Entry;
  readonly channel: string;
  readonly bound: readonly BoundChannel[];
}

/** A queue may refuse a message that its origin accepts, so it is no part of one step. */
export const isTogether = ({ rule }: BoundChannel): boolean => rule.queue === null;

/** The copies that a log appends in one step with the message. */
export const copiesOf = ({ entry, channel, bound }: Copied, nextId: () => string): readonly Copy[] =>
  wantedBy(bound, entry, channel)
    .filter(isTogether)
    .map((target) => ({
      channel: target.channel,
      entry: copyOf(entry, target, nextId),
      options: optionsOf(target.rule),
    }));

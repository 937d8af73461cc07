import { ERRORS, type Message } from '@sluice/protocol';
import { PROGRAM } from '../auth/identity.ts';
import type { Door } from '../channels/door.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Rules } from '../channels/rules.ts';
import type { DeadLetter, GroupRef, GroupStore } from '../engine/groups.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { ruleOfGroup } from './group-names.ts';
import { RefusedLetters } from './refused-letters.ts';

export interface DeadLetterServices {
  readonly store: GroupStore;
  readonly rules: Rules;
  readonly door: Door;
  readonly events: EventBus;
  readonly clock: Clock;
}

/** A letter that its channel does not accept. */
interface RefusedLetter {
  readonly ref: GroupRef;
  readonly deadLetter: string;
  readonly letter: DeadLetter;
  readonly refusal: Refusal;
}

/** Dead letters that are published before the list is read again. */
const PAGE = 100;

/** Milliseconds between a publish that may have made a dead letter, and the look at the list. */
const SOON = 1_000;

/** Milliseconds until the next attempt after one that failed. */
const RETRY = 10_000;

/** Milliseconds until letters that were refused for good are tried again: a hook may decide otherwise. */
const RETRY_REFUSED = 600_000;

/** Milliseconds for which a published letter is remembered: a crash or a full queue may delay its removal from the list. */
const REMEMBERED = 3_600_000;

/**
 * Publishes dead letters to the channel that the rule names. A letter is removed from the group's list
 * only after the publish was acknowledged, so a crash in between repeats it; its key makes the repeat
 * append nothing.
 *
 * A letter that is refused for good stays in the list, and the next ones are published. It is tried
 * again when the rules change, and now and then.
 */
export class DeadLetterPublisher {
  readonly #services: DeadLetterServices;
  /** Groups whose list is being published (`null`), or will be. */
  readonly #busy = new Map<string, Timer | null>();

  /** Groups that may have got dead letters after their list was read. */
  readonly #again = new Set<string>();
  readonly #refused = new RefusedLetters();
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(services: DeadLetterServices) {
    this.#services = services;
  }

  /** Publishes the dead letters of a group, unless that is going on. */
  publish(ref: GroupRef, deadLetter: string): void {
    const key = keyOf(ref);
    // A group with refused letters has dead letters at each claim.
    if (this.#busy.has(key) || this.#refused.upTo(key) > 0) this.publishSoon(ref, deadLetter);
    else void this.#publish(ref, deadLetter);
  }

  /** Looks for dead letters in a moment, so that a flood of publishes costs little. */
  publishSoon(ref: GroupRef, deadLetter: string): void {
    const key = keyOf(ref);
    const timer = this.#busy.get(key);
    if (timer === undefined) this.#wait(ref, deadLetter, SOON);
    else if (timer === null) this.#again.add(key);
  }

  /** Why a letter was refused for good on this node; `undefined`: it was not, or another node has tried. */
  refusalOf(ref: GroupRef, ordinal: number): Refusal | undefined {
    return this.#refused.refusalOf(keyOf(ref), ordinal);
  }

  /** Tries letters again that were refused for good: they may be accepted now. */
  retryRefused(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    const { rules } = this.#services;
    for (const ref of this.#refused.clear()) {
      const { deadLetter = null } = ruleOfGroup(rules.match(ref.channel)?.rule.groups ?? [], ref.group) ?? {};
      if (deadLetter !== null) this.publishSoon(ref, deadLetter);
    }
  }

  /** Stops waiting; what is left in the lists stays there. */
  close(): void {
    for (const timer of this.#busy.values()) timer?.cancel();
    this.#retry?.cancel();
    this.#isClosed = true;
    this.#busy.clear();
    this.#again.clear();
  }

  #wait(ref: GroupRef, deadLetter: string, delay: number): void {
    const timer = this.#services.clock.after(delay, () => void this.#publish(ref, deadLetter));
    this.#busy.set(keyOf(ref), timer);
  }

  async #publish(ref: GroupRef, deadLetter: string): Promise<void> {
    const { events } = this.#services;
    this.#busy.set(keyOf(ref), null);
    const refusal = await this.#publishAll(ref, deadLetter).catch((error: unknown) => refuse(error, events));
    const isClosed = !this.#busy.delete(keyOf(ref));
    const isIncomplete = this.#again.delete(keyOf(ref));
    if (isClosed) return;
    if (refusal === null) {
      if (isIncomplete) this.#wait(ref, deadLetter, SOON);
      return;
    }
    events.emit('deadLettersRefused', { ...ref, target: deadLetter, error: refusal.error });
    this.#wait(ref, deadLetter, RETRY);
  }

  async #publishAll(ref: GroupRef, deadLetter: string): Promise<Refusal | null> {
    const { store } = this.#services;
    for (let after = this.#refused.upTo(keyOf(ref)); ; ) {
      const { letters } = await store.dead(ref, after, PAGE);
      if (letters.length === 0) return null;
      for (const letter of letters) {
        const refusal = await this.#publishOne(ref, deadLetter, letter);
        if (refusal === null) await store.bury(ref, [letter.ordinal]);
        else if (ERRORS[refusal.error].retryable) return refusal;
        else this.#keep({ ref, deadLetter, letter, refusal });
        after = letter.ordinal;
      }
    }
  }

  /** Leaves a letter in the list, and goes on behind it. */
  #keep({ ref, deadLetter, letter, refusal }: RefusedLetter): void {
    const { events, clock } = this.#services;
    this.#refused.add(keyOf(ref), { ref, ordinal: letter.ordinal, refusal });
    const { error, detail = ERRORS[error].message } = refusal;
    events.emit('deadLetterRefused', { ...ref, target: deadLetter, offset: letter.message.offset, error, detail });
    if (!this.#isClosed) this.#retry ??= clock.after(RETRY_REFUSED, () => this.retryRefused());
  }

  async #publishOne(ref: GroupRef, deadLetter: string, letter: DeadLetter): Promise<Refusal | null> {
    const { rules, door } = this.#services;
    const { message } = letter.message;
    const { data, event, trace, from = null } = message;
    const channel = fill(deadLetter, rules.match(ref.channel)?.params ?? {});
    const outcome = await door.publish({
      channel,
      dedupe: Math.max(REMEMBERED, rules.match(channel)?.rule.dedupe ?? 0),
      draft: {
        ...{ data, key: idempotencyKey(ref, letter), tags: tagsOf(ref, letter, message) },
        ...(event === undefined ? undefined : { event }),
        ...(trace === undefined ? undefined : { trace }),
      },
      // The tags of a dead letter may be more than a publisher may give.
      checked: true,
      by: { ...PROGRAM, user: from },
      allowance: null,
    });
    return outcome instanceof Refusal ? outcome : null;
  }
}

function refuse(error: unknown, events: EventBus): Refusal {
  try {
    return refuseUnavailable(error);
  } catch (fault) {
    events.emit('fault', { where: 'groups: dead letters could not be published', error: fault });
    return new Refusal('internal');
  }
}

const fill = (deadLetter: string, params: Readonly<Record<string, string>>): string =>
  deadLetter.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');

/** A channel name has no space. */
const keyOf = ({ channel, group }: GroupRef): string => `${channel} ${group}`;

/** One for each death, so that a message that is redriven and dies again is published again. */
const idempotencyKey = ({ channel, group }: GroupRef, { epoch, ordinal, time, message }: DeadLetter): string =>
  `dead ${channel} ${group} ${epoch} ${message.offset} ${ordinal} ${time}`;

function tagsOf({ channel, group }: GroupRef, letter: DeadLetter, { tags, offset }: Message): Message['tags'] {
  return {
    ...tags,
    'x-reason': letter.reason,
    'x-channel': channel,
    'x-group': group,
    'x-offset': String(offset),
    'x-deliveries': String(letter.deliveries),
    ...(letter.error === undefined ? undefined : { 'x-error': letter.error }),
  };
}

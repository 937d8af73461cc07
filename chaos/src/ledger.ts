import type { Position } from '@sluice/protocol';
import { at } from '../../server/test/support/delivery-rules.ts';
import { BOUND, isSafe } from './channels.ts';

/** The payload of a published message, which identifies it in every log. */
export interface Payload {
  /** Unique among all publishes. */
  readonly n: number;
  readonly by: string;
  readonly fill?: string;
}

/** One message at its position. */
export interface Sighting extends Position {
  readonly channel: string;
  readonly id: string;
  readonly n: number;
}

interface Acknowledgement extends Position {
  readonly n: number;
}

/** All known contents of the logs, from acknowledgements and from readers: all sources must agree. */
export class Ledger {
  /** Does the engine keep everything that it acknowledged? */
  readonly #keeps: boolean;
  readonly #places = new Map<string, Sighting>();
  readonly #numbers = new Map<string, Sighting>();
  readonly #acknowledged = new Map<string, Acknowledgement[]>();
  readonly #lanes = new Map<string, Acknowledgement[]>();
  acknowledgements = 0;

  constructor({ keeps }: { keeps: boolean }) {
    this.#keeps = keeps;
  }

  /** Returns what is wrong with a message that a client saw, compared with what others saw before. */
  saw(seen: Sighting): string | undefined {
    const { channel, epoch, offset, id, n } = seen;
    const place = `${channel} ${epoch} ${offset}`;
    const there = this.#places.get(place);
    if (there === undefined) this.#places.set(place, seen);
    else if (there.id !== id || there.n !== n)
      return `saw message ${n} at ${at(seen)} of ${channel}, but another client saw ${there.n} there`;
    // An engine that lost everything also lost the idempotency keys: a retried publish may be in
    // both epochs.
    const life = this.#keeps && isSafe(channel) ? '' : epoch;
    const number = `${n} ${life}${channel === BOUND.channel ? ' copied' : ''}`;
    const elsewhere = this.#numbers.get(number);
    if (elsewhere === undefined) this.#numbers.set(number, seen);
    else if (elsewhere.offset !== offset || elsewhere.epoch !== epoch || elsewhere.channel !== channel)
      return `saw message ${n} at ${at(seen)} of ${channel}; it is also at ${at(elsewhere)}, although it was published once`;
    return undefined;
  }

  /**
   * Same as `saw`, for a message that the gateway acknowledged. `lane`: the publishes with the same
   * lane must be in the order of their numbers.
   */
  acknowledged(seen: Sighting, lane: string | undefined): string | undefined {
    this.acknowledgements++;
    const { channel, epoch, offset, n } = seen;
    listIn(this.#acknowledged, channel).push({ epoch, offset, n });
    if (lane !== undefined) listIn(this.#lanes, `${lane} ${channel}`).push({ epoch, offset, n });
    return this.saw(seen);
  }

  /** The acknowledged messages of a channel, within one epoch of its log. */
  of(channel: string, epoch: string): readonly Acknowledgement[] {
    return listIn(this.#acknowledged, channel).filter((entry) => entry.epoch === epoch);
  }

  /** The numbers of all acknowledged messages of a channel. */
  numbersOf(channel: string): readonly number[] {
    return listIn(this.#acknowledged, channel).map(({ n }) => n);
  }

  /** All known epochs of the channel's log. */
  epochs(channel: string): ReadonlySet<string> {
    return new Set(listIn(this.#acknowledged, channel).map(({ epoch }) => epoch));
  }

  /**
   * Lists the publishes of one connection to one channel that are not in the order in which they
   * were sent.
   */
  disorder(): string[] {
    return [...this.#lanes].flatMap(([lane, entries]) => {
      const sent = [...entries].sort((a, b) => a.n - b.n);
      return sent.flatMap((entry, index) => {
        const before = sent[index - 1];
        if (before === undefined || before.epoch !== entry.epoch || before.offset < entry.offset) return [];
        return [`${lane}: ${before.n} was sent before ${entry.n}, but is after it, ${at(before)} and ${at(entry)}`];
      });
    });
  }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

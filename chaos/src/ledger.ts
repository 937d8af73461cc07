import type { Position } from '@sluice/protocol';
import { at } from '../../server/test/support/delivery-rules.ts';
import { isSafe } from './channels.ts';

/** What a publisher puts into a message: by it the message is known wherever it turns up. */
export interface Payload {
  /** Unique among everything that is published. */
  readonly n: number;
  readonly by: string;
  readonly fill?: string;
}

/** One message in its place. */
export interface Sighting extends Position {
  readonly channel: string;
  readonly id: string;
  readonly n: number;
}

interface Acknowledgement extends Position {
  readonly n: number;
}

/** All that is known of the logs' contents, from acknowledgements and from what readers saw: everybody must agree. */
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

  /** Says what is wrong with a message that somebody saw, compared with what everybody saw before. */
  saw(seen: Sighting): string | undefined {
    const { channel, epoch, offset, id, n } = seen;
    const place = `${channel} ${epoch} ${offset}`;
    const there = this.#places.get(place);
    if (there === undefined) this.#places.set(place, seen);
    else if (there.id !== id || there.n !== n)
      return `saw message ${n} at ${at(seen)} of ${channel}, where ${there.n} stands`;
    // An engine that lost everything lost the keys of idempotent publishes too: one that was tried again may stand in both lives.
    const life = this.#keeps && isSafe(channel) ? '' : epoch;
    const elsewhere = this.#numbers.get(`${n} ${life}`);
    if (elsewhere === undefined) this.#numbers.set(`${n} ${life}`, seen);
    else if (elsewhere.offset !== offset || elsewhere.epoch !== epoch || elsewhere.channel !== channel)
      return `saw message ${n} at ${at(seen)} of ${channel}; it stands at ${at(elsewhere)} too, and was published once`;
    return undefined;
  }

  /** As `saw`, for a message that the gateway says it holds. `lane`: whose publishes must stand in the order of their numbers. */
  acknowledged(seen: Sighting, lane: string | undefined): string | undefined {
    this.acknowledgements++;
    const { channel, epoch, offset, n } = seen;
    listIn(this.#acknowledged, channel).push({ epoch, offset, n });
    if (lane !== undefined) listIn(this.#lanes, `${lane} ${channel}`).push({ epoch, offset, n });
    return this.saw(seen);
  }

  /** What was acknowledged on a channel, within one life of its log. */
  of(channel: string, epoch: string): readonly Acknowledgement[] {
    return listIn(this.#acknowledged, channel).filter((entry) => entry.epoch === epoch);
  }

  /** Which lives of the channel's log were ever heard of. */
  epochs(channel: string): ReadonlySet<string> {
    return new Set(listIn(this.#acknowledged, channel).map(({ epoch }) => epoch));
  }

  /** Says which publishes of one connection to one channel do not stand in the order in which they were sent. */
  disorder(): string[] {
    return [...this.#lanes].flatMap(([lane, entries]) => {
      const sent = [...entries].sort((a, b) => a.n - b.n);
      return sent.flatMap((entry, index) => {
        const before = sent[index - 1];
        if (before === undefined || before.epoch !== entry.epoch || before.offset < entry.offset) return [];
        return [
          `${lane}: ${before.n} was sent before ${entry.n}, but stands behind it, ${at(before)} and ${at(entry)}`,
        ];
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

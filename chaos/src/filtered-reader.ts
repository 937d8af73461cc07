import type { Gap, Message, MessageFilter } from '@sluice/client';
import type { Position } from '@sluice/protocol';
import { at, checkGapRange, hasReached } from '../../server/test/support/delivery-rules.ts';
import { parityOf } from './channels.ts';
import type { Ledger, Payload } from './ledger.ts';
import type { ReaderOptions } from './reader.ts';

/** Which messages a filtered reader wants. */
export const WANTED = 'even';

/**
 * Checks what one application receives from a channel through a filter: only messages that match,
 * each once, in order, and at the end all of them. Its channel may have no gaps while the engine
 * keeps its data.
 */
export class FilteredReader {
  readonly channel: string;
  readonly filter: MessageFilter = { tags: { parity: WANTED } };
  readonly #ledger: Ledger;
  readonly #keeps: boolean;
  readonly #onFault: (text: string) => void;
  /** Where it began in the epoch that it reads. */
  #start: Position | undefined;
  #last: Position | undefined;
  readonly #numbers = new Set<number>();
  received = 0;
  gaps = 0;

  constructor({ channel, ledger, keeps, onFault }: ReaderOptions) {
    this.channel = channel;
    this.#ledger = ledger;
    this.#keeps = keeps;
    this.#onFault = (text) => onFault(`${channel}, filtered: ${text}`);
  }

  /** After the last message or gap that was delivered. */
  get position(): Position | undefined {
    return this.#last;
  }

  /** The subscription is live for the first time, at this position. */
  begin(position: Position | undefined): void {
    this.#start ??= position;
    this.#last ??= position;
  }

  message({ channel, epoch, offset, id, data, tags }: Message<Payload>): void {
    this.received++;
    const place = { epoch, offset };
    const problem = this.#ledger.saw({ channel, epoch, offset, id, n: data.n });
    if (problem !== undefined) this.#onFault(problem);
    if (parityOf(data.n) !== WANTED || tags?.parity !== WANTED)
      this.#onFault(`received ${data.n} at ${at(place)}, which does not match`);
    if (hasReached(this.#last, place))
      this.#onFault(`received ${at(place)} twice or late; its position is ${at(this.#last)}`);
    if (epoch !== this.#last?.epoch) this.#onFault(`received ${at(place)} without a gap after ${at(this.#last)}`);
    this.#last = place;
    this.#numbers.add(data.n);
  }

  gap(gap: Gap): void {
    this.gaps++;
    const { from, to, reason } = gap;
    if (this.#keeps || reason !== 'epoch_changed')
      this.#onFault(`received a gap from ${at(from)} to ${at(to)}, ${reason}`);
    // The subscription may have passed messages that do not match since the last one that does.
    const range = hasReached(from, this.#last ?? from) ? undefined : checkGapRange(this.#last, gap);
    if (range !== undefined) this.#onFault(range);
    this.#start = to;
    this.#last = to;
    this.#numbers.clear();
  }

  /** Lists acknowledged messages that match and that it did not receive, up to the head. */
  missing(head: Position): string[] {
    const start = this.#start;
    if (start === undefined || start.epoch !== head.epoch)
      return [`${this.channel}, filtered: began at ${at(start)}, and the head is ${at(head)}`];
    return this.#ledger
      .of(this.channel, head.epoch)
      .filter(({ n, offset }) => offset > start.offset && parityOf(n) === WANTED && !this.#numbers.has(n))
      .map(({ n, offset }) => `${this.channel}, filtered: ${n} at ${offset} matches, but was not received`);
  }
}

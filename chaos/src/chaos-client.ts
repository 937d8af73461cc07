import {
  type Client,
  type Gap,
  type Message,
  type MessageFilter,
  SluiceError,
  type Subscription,
} from '@sluice/client';
import type { Position } from '@sluice/protocol';
import { FILTERED, isSafe, tagsOf } from './channels.ts';
import { ChaosUser, type ChaosUserOptions, EXCUSES } from './chaos-user.ts';
import { FilteredReader } from './filtered-reader.ts';
import type { Ledger, Payload } from './ledger.ts';
import { Reader } from './reader.ts';
import { pause } from './until.ts';

/** Milliseconds between an answer that the engine is unavailable and the next attempt. */
const RETRY = 250;

export interface ChaosClientOptions extends ChaosUserOptions {
  readonly channels: readonly string[];
  readonly ledger: Ledger;
  readonly keeps: boolean;
}

/** What reads one channel, whole or through a filter. */
interface ChannelReader {
  readonly channel: string;
  readonly filter?: MessageFilter;
  readonly position: Position | undefined;
  begin(position: Position | undefined): void;
  message(message: Message<Payload>): void;
  gap(gap: Gap): void;
}

/** A user who reads, publishes and reloads. */
export class ChaosClient extends ChaosUser {
  readonly readers: readonly Reader[];
  readonly filtered: FilteredReader;
  readonly #ledger: Ledger;
  readonly #subscriptions = new Map<ChannelReader, Subscription>();
  /** Publishes that are not acknowledged yet. */
  pending = 0;
  retries = 0;

  constructor({ channels, ledger, keeps, ...options }: ChaosClientOptions) {
    super(options);
    this.#ledger = ledger;
    const onFault = (text: string) => this.fault(text);
    this.readers = channels.map((channel) => new Reader({ channel, ledger, keeps, onFault }));
    this.filtered = new FilteredReader({ channel: FILTERED, ledger, keeps, onFault });
  }

  /** Has each of its subscriptions a position? */
  get isReading(): boolean {
    return [...this.readers, this.filtered].every(({ position }) => position !== undefined);
  }

  reads(channel: string): boolean {
    return this.readers.some((reader) => reader.channel === channel);
  }

  /** Continues at its last positions. */
  protected use(client: Client): void {
    for (const reader of [...this.readers, this.filtered]) this.#read(client, reader);
  }

  #read(client: Client, reader: ChannelReader): void {
    const { channel, position, filter } = reader;
    const subscription = client.channel<Payload>(channel).subscribe(
      (message) => {
        if (this.client === client) reader.message(message);
        else this.fault(`${channel}: received an event after it had closed`);
      },
      {
        ...(position === undefined ? {} : { position }),
        ...(filter === undefined ? {} : { filter }),
        onGap: (gap) => {
          const { from, to, reason } = gap;
          this.note(`${channel}: gap ${from.epoch}/${from.offset} to ${to.epoch}/${to.offset}, ${reason}`);
          reader.gap(gap);
        },
        onState: (state) => {
          if (state === 'live' || state === 'catching-up') reader.begin(subscription.position);
          this.note(`${channel}: ${state} at ${reader.position?.epoch}/${reader.position?.offset}`);
        },
        onError: (error) => {
          this.note(`${channel}: ${error.name}`);
          if (!EXCUSES.has(error.name))
            this.fault(`${channel}: the subscription failed, ${error.name}: ${error.message}`);
          // While the engine is down the SDK may end the subscription; then the application
          // subscribes again.
          else if (subscription.state === 'denied' || subscription.state === 'ended') this.#again(client, reader);
        },
      },
    );
    this.#subscriptions.set(reader, subscription);
  }

  #again(client: Client, reader: ChannelReader): void {
    void pause(RETRY).then(() => {
      if (this.client === client) this.#read(client, reader);
    });
  }

  /** What its filter should have let through, up to the heads, and what did not arrive. */
  missing(heads: ReadonlyMap<string, Position>): string[] {
    const head = heads.get(FILTERED);
    return head === undefined ? [] : this.filtered.missing(head).map((text) => `${this.name}: ${text}`);
  }

  /** Publishes with one idempotency key until it is acknowledged. */
  async publish(channel: string, data: Payload): Promise<void> {
    this.pending++;
    const tags = tagsOf(channel, data.n);
    for (let attempt = 0; ; attempt++) {
      try {
        const { client } = this;
        if (client !== undefined) {
          const options = { key: `${data.n}`, ...(tags === undefined ? {} : { tags }) };
          const place = await client.channel<Payload>(channel).publish(data, options);
          this.pending--;
          // A publish that the application itself retries has lost its place in the order.
          const lane = attempt === 0 && isSafe(channel) ? this.name : undefined;
          const problem = this.#ledger.acknowledged({ ...place, channel, n: data.n }, lane);
          if (problem !== undefined) this.fault(problem);
          return;
        }
      } catch (error) {
        const name = error instanceof SluiceError ? error.name : String(error);
        if (attempt % 10 === 0) this.note(`publish ${data.n} on ${channel}: ${name}`);
        if (!EXCUSES.has(name)) this.fault(`publish ${data.n} on ${channel}: ${name}`);
      }
      this.retries++;
      await pause(RETRY);
    }
  }

  /** Why it is not yet in the expected final state; `undefined` if it is. */
  unrest(heads: ReadonlyMap<string, Position>): string | undefined {
    for (const reader of [...this.readers, this.filtered]) {
      const head = heads.get(reader.channel);
      const subscription = this.#subscriptions.get(reader);
      const state = subscription?.state;
      // Messages that do not match move only the position of the subscription.
      const { position } = reader === this.filtered ? (subscription ?? reader) : reader;
      if (state === 'live' && position?.epoch === head?.epoch && position?.offset === head?.offset) continue;
      const stands = `${position?.epoch}/${position?.offset}`;
      return `${this.name} is ${this.client?.state}, and ${state} on ${reader.channel} at ${stands}; the head is ${head?.epoch}/${head?.offset}`;
    }
    return undefined;
  }
}

import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import type { InboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { NatsClient } from './nats-connection.ts';
import { timeAfter } from './server-time.ts';
import type { Beginning } from './stream-progress.ts';

/**
 * Nanoseconds until the server delivers a message again. Every connection begins behind the last
 * published message, so the server need not.
 */
const ACK_WAIT = 3_600_000_000_000;

interface Found {
  readonly number: number;
  readonly info: ConsumerInfo;
}

/**
 * The durable consumer of a bridge.
 *
 * Each connection makes a consumer of its own, which begins behind the last published message, and then deletes the
 * one before it. With one consumer, messages that were delivered and not acknowledged would come again only after newer
 * ones; and a node that was paused while another took over would go on, and share the messages with it. Consumers are
 * numbered; the one with the highest number counts.
 */
export class ConsumerSetup {
  readonly #client: NatsClient;
  readonly #manager: JetStreamManager;
  readonly #config: InboundBridge;
  readonly #stream: string;
  readonly #prefix: string;
  #latest: Found | undefined;

  constructor(client: NatsClient, manager: JetStreamManager, config: InboundBridge) {
    this.#client = client;
    this.#manager = manager;
    this.#config = config;
    this.#stream = textOption(config.from, 'stream');
    this.#prefix = `${textOption(config.from, 'consumer')}-`;
  }

  /**
   * Finds the consumer of the latest connection, and deletes older ones: before another is made, so that a user who may
   * not delete them does not fill the server.
   *
   * @returns the latest message that it has as acknowledged; `undefined`: there is none
   */
  async find(): Promise<number | undefined> {
    const found = await this.#list();
    this.#latest = found.pop();
    for (const { info } of found) await this.#delete(info.name);
    return this.#latest?.info.ack_floor.stream_seq;
  }

  /**
   * Makes the consumer of this connection, and deletes the latest.
   *
   * @returns its name
   */
  async make(beginning: Beginning): Promise<string> {
    const before = this.#latest;
    const name = `${this.#prefix}${(before?.number ?? 0) + 1}`;
    await this.#add(name, beginning);
    if (before !== undefined) await this.#delete(before.info.name);
    return name;
  }

  /** What the consumer does as the bridge is configured. */
  get #options() {
    const { subject } = this.#config.from;
    return {
      max_ack_pending: 2 * this.#config.inFlight,
      ...(typeof subject === 'string' && { filter_subject: subject }),
    };
  }

  /** The consumers of this bridge, the latest last. */
  async #list(): Promise<Found[]> {
    const found: Found[] = [];
    for await (const info of this.#manager.consumers.list(this.#stream)) {
      const rest = info.name.startsWith(this.#prefix) ? info.name.slice(this.#prefix.length) : '';
      if (/^\d+$/.test(rest)) found.push({ number: Number(rest), info });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  /** Another node may have deleted it. */
  async #delete(name: string): Promise<void> {
    const { JetStreamApiError, JetStreamApiCodes } = this.#client.jetstream;
    try {
      await this.#manager.consumers.delete(this.#stream, name);
    } catch (error) {
      const isGone = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound;
      if (!isGone) throw error;
    }
  }

  async #add(name: string, beginning: Beginning): Promise<void> {
    const { AckPolicy, DeliverPolicy } = this.#client.jetstream;
    const start =
      'sequence' in beginning
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: beginning.sequence }
        : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: timeAfter(beginning.behind) };
    await this.#manager.consumers.add(this.#stream, {
      ...{ durable_name: name, ack_policy: AckPolicy.All, ack_wait: ACK_WAIT, ...this.#options },
      ...start,
    });
  }
}

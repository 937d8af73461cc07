import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import type { InboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { NatsClient } from './nats-connection.ts';

/**
 * Nanoseconds until the server delivers a message again. Every connection begins behind the last
 * acknowledged message, so the server need not.
 */
const ACK_WAIT = 3_600_000_000_000;

/**
 * The durable consumer of a bridge.
 *
 * Each connection makes a consumer of its own, which begins behind the last acknowledged message, and then deletes the
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

  constructor(client: NatsClient, manager: JetStreamManager, config: InboundBridge) {
    this.#client = client;
    this.#manager = manager;
    this.#config = config;
    this.#stream = textOption(config.from, 'stream');
    this.#prefix = `${textOption(config.from, 'consumer')}-`;
  }

  /**
   * The name of the consumer to read with.
   *
   * @param first the first message that the stream has
   * @param onLost called with the number of messages that were removed before they were read; an upper
   *   limit, because those of other subjects count too
   */
  async prepare(first: number, onLost: (count: number) => void): Promise<string> {
    const found = await this.#find();
    const latest = found.at(-1);
    const next = (latest?.info.ack_floor.stream_seq ?? first) + 1;
    const name = `${this.#prefix}${(latest?.number ?? 0) + 1}`;
    await this.#add(name, latest?.info);
    if (first > next) onLost(first - next);
    for (const { info } of found) await this.#manager.consumers.delete(this.#stream, info.name);
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
  async #find(): Promise<readonly { readonly number: number; readonly info: ConsumerInfo }[]> {
    const found: { number: number; info: ConsumerInfo }[] = [];
    for await (const info of this.#manager.consumers.list(this.#stream)) {
      const rest = info.name.startsWith(this.#prefix) ? info.name.slice(this.#prefix.length) : '';
      if (/^\d+$/.test(rest)) found.push({ number: Number(rest), info });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  async #add(name: string, before: ConsumerInfo | undefined): Promise<void> {
    const { AckPolicy, DeliverPolicy } = this.#client.jetstream;
    const { from } = this.#config;
    const fresh = { deliver_policy: textOption(from, 'start') === 'oldest' ? DeliverPolicy.All : DeliverPolicy.New };
    const after =
      before === undefined
        ? fresh
        : {
            ...{ deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: before.ack_floor.stream_seq + 1 },
          };
    await this.#manager.consumers.add(this.#stream, {
      ...{ durable_name: name, ack_policy: AckPolicy.All, ack_wait: ACK_WAIT, ...this.#options },
      ...after,
    });
  }
}

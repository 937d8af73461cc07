import { randomUUID } from 'node:crypto';
import type { SourceHost } from '../systems.ts';

/** Milliseconds between two notes of where the bridge continues: the engine recognises what it reads again. */
const INTERVAL = 1_000;

/** Milliseconds by which the clocks of gateway and broker may differ. */
const CLOCKS = 10_000;

/** What the engine keeps. */
interface Noted {
  /** Names the partition. */
  readonly run: string;
  /** The latest message that was published. */
  readonly offset?: number;
  /** The first message that was read. */
  readonly first?: number;
  /** When the bridge began behind the newest message: milliseconds since the Unix epoch. */
  readonly since?: number;
}

/** How far a stream was published. RabbitMQ stores no position of AMQP clients, so the engine does. */
export class StreamCheckpoint {
  readonly #stream: string;
  readonly #host: SourceHost;
  #noted: Noted;
  #offset: number | undefined;
  #due = 0;

  private constructor(stream: string, host: SourceHost, noted: Noted) {
    this.#stream = stream;
    this.#host = host;
    this.#noted = noted;
    this.#offset = noted.offset;
  }

  static async read(stream: string, host: SourceHost): Promise<StreamCheckpoint> {
    const noted = await host.checkpoints.read(stream);
    return new StreamCheckpoint(stream, host, noted === undefined ? { run: randomUUID() } : JSON.parse(noted));
  }

  /** The message to ask for: the latest that was published, or the first that was read; `undefined`: none was. */
  get from(): number | undefined {
    return this.#offset ?? this.#noted.first;
  }

  /** Messages up to this one were published, or are none of the bridge's; `undefined`: none was read. */
  get reached(): number | undefined {
    const { first } = this.#noted;
    return this.#offset ?? (first === undefined ? undefined : first - 1);
  }

  /** Names the partition. */
  get partition(): string {
    return `${this.#stream} ${this.#noted.run}`;
  }

  /**
   * Notes that the bridge begins behind the newest message.
   *
   * @returns when it did so before, in milliseconds since the Unix epoch, a little early; `undefined`: it did not
   */
  async beginAtNewest(): Promise<number | undefined> {
    const { since } = this.#noted;
    if (since !== undefined) return since - CLOCKS;
    await this.#create({ ...this.#noted, since: this.#host.clock.now() });
    return undefined;
  }

  /** Before the first message is published: it and its partition must be known when the stream is read again. */
  async begin(first: number): Promise<void> {
    if (this.from !== undefined) return;
    const noted = { ...this.#noted, first };
    await (noted.since === undefined ? this.#create(noted) : this.#save(noted));
  }

  /** All messages up to an offset were published. */
  async reach(offset: number): Promise<void> {
    this.#offset = offset;
    if (this.#host.clock.monotonic() >= this.#due) await this.flush();
  }

  /** Notes the offset, unless it is noted already. */
  async flush(): Promise<void> {
    if (this.#offset === undefined || this.#offset === this.#noted.offset) return;
    await this.#save({ run: this.#noted.run, offset: this.#offset });
  }

  /** Two nodes that both begin would name the partition differently, and each would publish all messages. */
  async #create(noted: Noted): Promise<void> {
    if (!(await this.#host.checkpoints.create(this.#stream, JSON.stringify(noted)))) {
      throw new Error(`another node has begun to read the stream "${this.#stream}"`);
    }
    this.#noted = noted;
  }

  async #save(noted: Noted): Promise<void> {
    this.#due = this.#host.clock.monotonic() + INTERVAL;
    await this.#host.checkpoints.save(this.#stream, JSON.stringify(noted));
    this.#noted = noted;
  }
}

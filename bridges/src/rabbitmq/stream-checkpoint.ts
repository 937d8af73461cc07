import { randomUUID } from 'node:crypto';
import type { SourceHost } from '../systems.ts';

/** Milliseconds between two notes of where the bridge continues: the engine recognises what it reads again. */
const INTERVAL = 1_000;

/** How far a stream was published. RabbitMQ stores no position of AMQP clients, so the engine does. */
export class StreamCheckpoint {
  readonly #stream: string;
  readonly #host: SourceHost;
  readonly #run: string;
  #isNoted: boolean;
  #offset: number | undefined;
  #saved: number | undefined;
  #due = 0;

  private constructor(stream: string, host: SourceHost, noted: { run: string; offset?: number } | undefined) {
    this.#stream = stream;
    this.#host = host;
    this.#run = noted?.run ?? randomUUID();
    this.#isNoted = noted !== undefined;
    this.#offset = noted?.offset;
    this.#saved = noted?.offset;
  }

  static async read(stream: string, host: SourceHost): Promise<StreamCheckpoint> {
    const noted = await host.checkpoints.read(stream);
    return new StreamCheckpoint(stream, host, noted === undefined ? undefined : JSON.parse(noted));
  }

  /** The offset of the latest message that was published; `undefined`: none was. */
  get offset(): number | undefined {
    return this.#offset;
  }

  /** Names the partition. */
  get partition(): string {
    return `${this.#stream} ${this.#run}`;
  }

  /** Before the first message: the partition must be known when the stream is read again. */
  async begin(): Promise<void> {
    if (!this.#isNoted) await this.#save();
  }

  /** All messages up to an offset were published. */
  async reach(offset: number): Promise<void> {
    this.#offset = offset;
    if (this.#host.clock.monotonic() >= this.#due) await this.flush();
  }

  /** Notes the offset, unless it is noted already. */
  async flush(): Promise<void> {
    if (this.#offset !== this.#saved) await this.#save();
  }

  async #save(): Promise<void> {
    const offset = this.#offset;
    this.#due = this.#host.clock.monotonic() + INTERVAL;
    await this.#host.checkpoints.save(this.#stream, JSON.stringify({ run: this.#run, offset }));
    this.#saved = offset;
    this.#isNoted = true;
  }
}

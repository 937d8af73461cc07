import { createHash } from 'node:crypto';
import { nanoid } from 'nanoid';
import { type AppendOptions, HeadMoved, type Log } from '../engine/engine.ts';
import type { Clock } from '../util/clock.ts';
import type { Checkpoints } from './bridge-host.ts';

/** Only the latest entry counts, and a source may be quiet for years. */
const OPTIONS: AppendOptions = { retention: { count: 1, age: 10 * 365 * 86_400_000 }, window: 0 };

export interface LogCheckpointsParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly bridge: string;
}

/** Checkpoints in logs of the engine, one for each partition. */
export class LogCheckpoints implements Checkpoints {
  readonly #parts: LogCheckpointsParts;

  constructor(parts: LogCheckpointsParts) {
    this.#parts = parts;
  }

  async read(partition: string): Promise<string | undefined> {
    const { messages } = await this.#parts.log.read(this.#nameOf(partition), 0, 1);
    const data = messages.at(-1)?.message.data;
    return typeof data === 'string' ? data : undefined;
  }

  async create(partition: string, checkpoint: string): Promise<boolean> {
    try {
      await this.#append(partition, checkpoint, { ...OPTIONS, expected: { offset: 0 } });
      return true;
    } catch (error) {
      if (error instanceof HeadMoved) return false;
      throw error;
    }
  }

  save(partition: string, checkpoint: string): Promise<void> {
    return this.#append(partition, checkpoint, OPTIONS);
  }

  async #append(partition: string, checkpoint: string, options: AppendOptions): Promise<void> {
    const entry = { id: nanoid(12), time: this.#parts.clock.now(), data: checkpoint };
    await this.#parts.log.append(this.#nameOf(partition), entry, options);
  }

  /** It is no channel: its name is not valid. Names of partitions may be too long for an engine. */
  #nameOf(partition: string): string {
    const digest = createHash('sha256').update(partition).digest('base64url');
    return `#checkpoint ${this.#parts.bridge} ${digest}`;
  }
}

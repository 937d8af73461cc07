import type { Json } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import type { Log } from '../engine/engine.ts';

/** Why an endpoint gets nothing: an operator has paused it, or it has answered that it is gone. */
export type Halt = 'paused' | 'gone';

const HOUR = 3_600_000;
const RETENTION = { count: 1, age: 100_000 * HOUR };

/** Whether an endpoint is halted: the same on all nodes, and after a restart. */
export class Control {
  readonly #log: Log;
  readonly #name: string;
  readonly #now: () => number;

  constructor(log: Log, name: string, now: () => number) {
    this.#log = log;
    this.#name = `#webhooks-control:${name}`;
    this.#now = now;
  }

  async read(): Promise<Halt | null> {
    const { messages } = await this.#log.read(this.#name, 0, 1);
    const { halt } = (messages[0]?.message.data ?? {}) as { halt?: Halt | null };
    return halt ?? null;
  }

  async write(halt: Halt | null): Promise<void> {
    const entry = { id: nanoid(), time: this.#now(), data: { halt } as Json };
    await this.#log.append(this.#name, entry, { retention: RETENTION, window: 0 });
  }
}

import type { PublishResult } from '@sluice/protocol';
import { HeadMoved, QueueFull } from '../engine.ts';
import { AppendBatch, type LogArguments, type QueuedEntry } from './append-batch.ts';
import type { Shard } from './shard.ts';
import { slotOf } from './slots.ts';

/** Appends that may wait for their answers; beyond, further ones are refused at once. */
const MOST_WAITING = 20_000;

export interface AppendQueueOptions {
  readonly shard: Shard;
  /** The log of a channel at the moment when it is sent. */
  readonly open: (channel: string) => LogArguments;
  /** What the values of the script begin with. */
  readonly preamble: () => readonly (string | number)[];
  /** Redis holds an entry of the channel. */
  readonly confirmed: (channel: string, result: PublishResult) => void;
}

/**
 * The appends of one shard. Those of one turn of the event loop share calls of the script, and one
 * write to the connection. The appends of a channel keep their order.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #queued = new Map<string, QueuedEntry[]>();
  #waiting = 0;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  /** Resolves when Redis holds the entry. */
  append(channel: string, entry: Omit<QueuedEntry, 'resolve' | 'reject'>): Promise<PublishResult> {
    const { commands } = this.#options.shard;
    if (this.#waiting >= MOST_WAITING) return Promise.reject(commands.tooSlow(MOST_WAITING));
    return new Promise((resolve, reject) => {
      if (this.#queued.size === 0) setImmediate(() => this.flush());
      this.#waiting++;
      const { id, content, settings, tags, expected, key, position, group } = entry;
      const queued = { id, content, settings, tags, expected, key, position, group, resolve, reject };
      const queue = this.#queued.get(channel);
      if (queue === undefined) this.#queued.set(channel, [queued]);
      else queue.push(queued);
    });
  }

  /** Sends what is queued, without waiting for the end of the turn. */
  flush(): void {
    if (this.#queued.size === 0) return;
    const batches = this.#takeBatches();
    this.#options.shard.commands.together(() => {
      for (const batch of batches) void this.#send(batch);
    });
  }

  /** In a cluster, all keys of a script must be in one slot. */
  #takeBatches(): readonly AppendBatch[] {
    const queued = this.#queued;
    this.#queued = new Map();
    const { open, shard } = this.#options;
    const batches: AppendBatch[] = [];
    const latest = new Map<number, AppendBatch>();
    for (const [channel, entries] of queued) {
      for (let rest: readonly QueuedEntry[] = entries; rest.length > 0; ) {
        const log = open(channel);
        const slot = shard.publish === 'SPUBLISH' ? slotOf(log.meta) : 0;
        let batch = latest.get(slot);
        if (batch === undefined || batch.isFull) {
          batch = new AppendBatch();
          batches.push(batch);
          latest.set(slot, batch);
        }
        rest = batch.add(channel, log, rest);
      }
    }
    return batches;
  }

  async #send({ script, keys, values, entries }: AppendBatch): Promise<void> {
    const { shard, preamble } = this.#options;
    try {
      const answers = (await shard.commands.run(script, keys, [...preamble(), ...values])) as readonly string[];
      for (const [at, { channel, entry }] of entries.entries()) this.#settle(channel, entry, answers[at] ?? '');
    } catch (error) {
      for (const { entry } of entries) entry.reject(error);
    }
    this.#waiting -= entries.length;
  }

  #settle(channel: string, { resolve, reject }: QueuedEntry, answer: string): void {
    const { shard, confirmed } = this.#options;
    if (answer.startsWith(REFUSED)) {
      reject(shard.commands.refused(answer.slice(REFUSED.length)));
      return;
    }
    if (answer.startsWith(FULL)) {
      reject(
        new QueueFull(`the queue "${channel}" holds ${answer.slice(FULL.length)} messages that are not acknowledged`),
      );
      return;
    }
    if (answer.startsWith(MOVED)) {
      const [offset, epoch = ''] = answer.slice(MOVED.length).split(' ');
      reject(new HeadMoved({ epoch, offset: Number(offset) }));
      return;
    }
    const result = readAnswer(answer);
    confirmed(channel, result);
    resolve(result);
  }
}

/** What the answer for a refused entry begins with; the error follows. */
const REFUSED = '! ';
/** What the answer begins with if the queue is full; its length follows. */
const FULL = '? ';
/** What the answer begins with if the head is not where it is expected; `offset epoch` of the head follow. */
const MOVED = '~ ';

/** @param answer `epoch offset id` */
function readAnswer(answer: string): PublishResult {
  const first = answer.indexOf(' ');
  const second = answer.indexOf(' ', first + 1);
  return {
    id: answer.slice(second + 1),
    epoch: answer.slice(0, first),
    offset: Number(answer.slice(first + 1, second)),
  };
}

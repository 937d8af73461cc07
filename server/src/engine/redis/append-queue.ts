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
 *
 * A queue may refuse an append, and have room for the next one. A bridge that repeats a refused message
 * is answered that it is there if a later one is. So these two have one call at a time: the appends
 * behind it wait for its answer, and are refused with it.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #queued = new Map<string, QueuedEntry[]>();
  /** Of each channel that has one call at a time, and has one now: the entries behind it. */
  readonly #behind = new Map<string, QueuedEntry[]>();
  #waiting = 0;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  /** Are there appends without an answer? */
  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves when Redis holds the entry. */
  append(channel: string, entry: Omit<QueuedEntry, 'resolve' | 'reject'>): Promise<PublishResult> {
    const { commands } = this.#options.shard;
    if (this.#waiting >= MOST_WAITING) return Promise.reject(commands.tooSlow(MOST_WAITING));
    return new Promise((resolve, reject) => {
      this.#waiting++;
      const { id, content, settings, tags, expected, key, position, group } = entry;
      const queued = { id, content, settings, tags, expected, key, position, group, resolve, reject };
      const queue = this.#behind.get(channel) ?? this.#queued.get(channel);
      if (queue === undefined) this.#enqueue(channel, [queued]);
      else queue.push(queued);
    });
  }

  #enqueue(channel: string, entries: QueuedEntry[]): void {
    if (this.#queued.size === 0) setImmediate(() => this.flush());
    this.#queued.set(channel, entries);
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
      const isAlone = entries.some(hasOneCall);
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
        if (isAlone) {
          this.#behind.set(channel, [...rest]);
          break;
        }
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
      for (const { channel, entry } of entries) this.#refuse(channel, entry, error as Error);
    }
    this.#waiting -= entries.length;
    if (this.#behind.size > 0) for (const { channel } of entries) this.#continue(channel);
  }

  #settle(channel: string, entry: QueuedEntry, answer: string): void {
    const error = this.#errorOf(channel, answer);
    if (error !== undefined) {
      this.#refuse(channel, entry, error);
      return;
    }
    const result = readAnswer(answer);
    this.#options.confirmed(channel, result);
    entry.resolve(result);
  }

  /** `undefined`: the entry was appended, or had been before. */
  #errorOf(channel: string, answer: string): Error | undefined {
    if (answer.startsWith(REFUSED)) return this.#options.shard.commands.refused(answer.slice(REFUSED.length));
    if (answer.startsWith(FULL)) {
      const length = answer.slice(FULL.length);
      return new QueueFull(`the queue "${channel}" holds ${length} messages that are not acknowledged`);
    }
    if (!answer.startsWith(MOVED)) return undefined;
    const [offset, epoch = ''] = answer.slice(MOVED.length).split(' ');
    return new HeadMoved({ epoch, offset: Number(offset) });
  }

  /** Whoever submitted the entries behind it did not know yet that it would be refused. */
  #refuse(channel: string, entry: QueuedEntry, error: Error): void {
    entry.reject(error);
    if (error instanceof HeadMoved) return; // the others do not depend on it
    const behind = this.#behind.get(channel)?.splice(0) ?? [];
    for (const { reject } of behind) reject(error);
    this.#waiting -= behind.length;
  }

  /** The channel has its answer: sends what has waited for it. */
  #continue(channel: string): void {
    const behind = this.#behind.get(channel);
    this.#behind.delete(channel);
    if (behind !== undefined && behind.length > 0) this.#enqueue(channel, behind);
  }
}

const hasOneCall = ({ group, position }: QueuedEntry): boolean => group !== undefined || position !== undefined;

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

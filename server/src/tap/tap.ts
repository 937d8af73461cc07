import { nanoid } from 'nanoid';
import type { Cluster } from '../cluster/cluster.ts';
import { Refusal } from '../refusal.ts';
import type { Timer } from '../util/clock.ts';
import { Recorder, type RecorderParts } from './recorder.ts';
import type { TapEntry } from './tap-entry.ts';
import { TapStream } from './tap-stream.ts';
import { describeTarget, type TapQuestion, type TapTarget } from './tap-target.ts';

export interface TapParts extends RecorderParts {
  readonly cluster: Pick<Cluster, 'ask' | 'answer'>;
}

export interface TapRequest {
  readonly target: TapTarget;
  readonly payloads: boolean;
  /** At most `LONGEST_TAP`. */
  readonly seconds: number;
  /** Who taps, for the log. */
  readonly by: string;
}

/** What one node answers: what it did since it was last asked. */
export interface TapAnswer {
  readonly entries: readonly TapEntry[];
  readonly lost: number;
  /** The node records for too many others. */
  readonly busy?: boolean;
}

/** Maximum seconds of a tap. */
export const LONGEST_TAP = 60;
/** Taps for which a node records at the same time. */
const MOST = 10;
/** Milliseconds after which a tap that nobody asks about is over: the asking node has gone. */
const FORGOTTEN = 6_000;

interface Running {
  readonly recorder: Recorder;
  timer: Timer;
}

/** Shows live what all nodes do for one user or on one channel. It does not check permissions. */
export class Tap {
  readonly #parts: TapParts;
  readonly #running = new Map<string, Running>();
  /** Taps that were started on this node. */
  readonly #streams = new Set<TapStream>();

  constructor(parts: TapParts) {
    this.#parts = parts;
    parts.cluster.answer('tap', (question) => this.#answer(question as unknown as TapQuestion));
  }

  /** Taps for which this node records now. */
  get size(): number {
    return this.#running.size;
  }

  /** Starts a tap on all nodes, or refuses it. */
  start({ target, payloads, seconds, by }: TapRequest): TapStream | Refusal {
    if (this.#running.size >= MOST) return new Refusal('rate_limited', `this node has ${MOST} taps already`, 1_000);
    const { clock, cluster, events } = this.#parts;
    const question: Omit<TapQuestion, 'call'> = { id: nanoid(12), target, payloads, by };
    const audit = { by, target: describeTarget(target), payloads };
    events.emit('tapStarted', { ...audit, seconds });
    const stream: TapStream = new TapStream({
      clock,
      seconds,
      ask: (call) => cluster.ask<TapAnswer>('tap', { ...question, call } as never),
      ended: (entries) => {
        this.#streams.delete(stream);
        events.emit('tapEnded', { ...audit, entries });
      },
      failed: (error) => events.emit('fault', { where: 'a tap', error }),
    });
    this.#streams.add(stream);
    return stream;
  }

  #answer({ id, target, payloads, by, call }: TapQuestion): TapAnswer {
    const known = this.#running.get(id);
    if (call === 'end') {
      this.#stop(id);
      return known?.recorder.take() ?? { entries: [], lost: 0 };
    }
    if (known === undefined && this.#running.size >= MOST) return { entries: [], lost: 0, busy: true };
    const running = known ?? this.#record(id, { target, payloads });
    if (known === undefined) {
      this.#parts.events.emit('tapRecording', { by, target: describeTarget(target), payloads });
    }
    running.timer.cancel();
    running.timer = this.#forgetLater(id);
    return call === 'keep' ? { entries: [], lost: 0 } : running.recorder.take();
  }

  #record(id: string, options: { readonly target: TapTarget; readonly payloads: boolean }): Running {
    const running = { recorder: new Recorder(options, this.#parts), timer: this.#forgetLater(id) };
    this.#running.set(id, running);
    return running;
  }

  #forgetLater(id: string): Timer {
    return this.#parts.clock.after(FORGOTTEN, () => this.#stop(id));
  }

  #stop(id: string): void {
    const running = this.#running.get(id);
    running?.recorder.stop();
    running?.timer.cancel();
    this.#running.delete(id);
  }

  close(): void {
    for (const stream of this.#streams) stream.closed();
    for (const id of [...this.#running.keys()]) this.#stop(id);
  }
}

import type { PublishResult } from '@sluice/protocol';
import type { Copy } from '../engine.ts';
import type { Appending, Batch, Placed } from './batch.ts';
import type { Job } from './writer.ts';

interface Callbacks {
  readonly appending: Appending;
  readonly announce: (appending: Appending, placed: Placed) => void;
  readonly resolve: (result: PublishResult) => void;
  readonly refuse: (error: unknown) => void;
}

/** A publish with copies on its way to the disk. */
export class CopyingJob implements Job {
  readonly #callbacks: Callbacks;
  readonly #copies: readonly Copy[];
  readonly refuse: Callbacks['refuse'];
  #placed: ReturnType<Batch['appendAll']> = [];

  constructor(callbacks: Callbacks, copies: readonly Copy[]) {
    this.#callbacks = callbacks;
    this.#copies = copies;
    this.refuse = callbacks.refuse;
  }

  get bytes(): number {
    return this.#callbacks.appending.body.length * (1 + this.#copies.length);
  }

  get lane(): string {
    return this.#callbacks.appending.channel;
  }

  plan(batch: Batch): void {
    this.#placed = batch.appendAll(this.#callbacks.appending, this.#copies);
  }

  done(): void {
    const { announce, resolve } = this.#callbacks;
    for (const { of, ...placed } of this.#placed) announce(of, placed);
    const [first] = this.#placed;
    if (first !== undefined) resolve(first.result);
  }
}

/** One publish on its way to the disk. */
export class AppendJob implements Job {
  readonly #appending: Appending;
  readonly #announce: Callbacks['announce'];
  readonly #resolve: Callbacks['resolve'];
  readonly refuse: Callbacks['refuse'];
  #placed: Placed | undefined;

  constructor({ appending, announce, resolve, refuse }: Callbacks) {
    this.#appending = appending;
    this.#announce = announce;
    this.#resolve = resolve;
    this.refuse = refuse;
  }

  get bytes(): number {
    return this.#appending.body.length;
  }

  get lane(): string {
    return this.#appending.channel;
  }

  plan(batch: Batch): void {
    this.#placed = batch.append(this.#appending);
  }

  /** It is announced only now: a crash can no longer remove the message. */
  done(): void {
    const placed = this.#placed as Placed;
    this.#announce(this.#appending, placed);
    this.#resolve(placed.result);
  }
}

import type { Position } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { type AppendOptions, EngineUnavailable, HeadMoved, type Log } from '../engine/engine.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** Milliseconds for which a node has a bridge unless it renews its lease. */
export const LEASE = 15_000;
/** How often a holder renews, and the others look. */
const RENEW = LEASE / 3;
/** Only the latest entry counts. The log outlives every lease. */
const OPTIONS: AppendOptions = { retention: { count: 1, age: 30 * 86_400_000 }, window: 0 };

export interface BridgeLeaseParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly bridge: string;
}

/** What the log of a lease says. */
interface Seen {
  readonly head: Position;
  /** Was the lease given back? */
  readonly isFree: boolean;
}

/**
 * The right to run a bridge, which one node has at a time.
 *
 * A lease is a log: each entry claims or renews it, and is appended only if its writer has seen the
 * entry before (`expected`). So two nodes cannot both claim it, on any engine. A node that waits
 * takes over when it has seen the same entry for the length of a lease, by its own clock.
 */
export class BridgeLease {
  readonly #parts: BridgeLeaseParts;
  readonly #holder = nanoid(10);
  readonly #name: string;
  #head: Position | undefined;
  #timer: Timer | undefined;
  #renewing: Promise<void> | undefined;

  constructor(parts: BridgeLeaseParts) {
    this.#parts = parts;
    // Not a valid name of a channel: no client can reach it.
    this.#name = `#bridges ${parts.bridge}`;
  }

  /** Waits until this node holds the lease. `false`: the signal aborted. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#parts;
    let seen: Seen | undefined;
    let since = 0;
    while (!signal.aborted) {
      const now = clock.monotonic();
      const latest = await this.#look();
      if (latest !== undefined && !isSame(latest.head, seen?.head)) {
        seen = latest;
        since = now;
      }
      const isDue = seen !== undefined && (seen.isFree || now - since >= LEASE);
      if (seen !== undefined && isDue && (await this.#write(seen.head, true))) return true;
      await pause(clock, RENEW, signal);
    }
    return false;
  }

  /**
   * Renews the lease until it is lost.
   *
   * @returns a signal that aborts when another node may hold the lease
   */
  hold(): AbortSignal {
    const lost = new AbortController();
    this.#renewLater(lost, this.#parts.clock.monotonic() + LEASE);
    return lost.signal;
  }

  /**
   * Does this node still hold the lease? Asks the log: a node that was paused does not know.
   *
   * @throws EngineUnavailable
   */
  async isHeld(): Promise<boolean> {
    for (;;) {
      const renewing = this.#renewing;
      await renewing;
      const head = this.#head;
      const seen = (await this.#read()).head;
      // Otherwise the lease was renewed meanwhile: the two belong to different entries.
      if (renewing === this.#renewing && head === this.#head) return isSame(seen, head);
    }
  }

  /** Gives the lease back, so that another node takes over at once. */
  async release(): Promise<void> {
    this.#timer?.cancel();
    await this.#renewing; // it would follow the release, and take the lease again
    this.#timer?.cancel();
    if (this.#head !== undefined) await this.#write(this.#head, false);
    this.#head = undefined;
  }

  #renewLater(lost: AbortController, end: number): void {
    this.#timer = this.#parts.clock.after(RENEW, () => {
      this.#renewing = this.#renew(lost, end).catch((error: unknown) => {
        // The next attempt to acquire it fails in the same way, and reports it.
        this.#head = undefined;
        lost.abort(error);
      });
    });
  }

  async #renew(lost: AbortController, end: number): Promise<void> {
    const { clock } = this.#parts;
    const before = clock.monotonic();
    const head = this.#head;
    if (head === undefined) return;
    const renewed = before < end && (await this.#write(head, true));
    if (this.#head === undefined) lost.abort();
    else if (renewed) this.#renewLater(lost, before + LEASE);
    else if (clock.monotonic() + RENEW < end) this.#renewLater(lost, end);
    else {
      this.#head = undefined;
      lost.abort();
    }
  }

  /** `undefined`: the engine is away. */
  async #look(): Promise<Seen | undefined> {
    try {
      return await this.#read();
    } catch (error) {
      if (error instanceof EngineUnavailable) return undefined;
      throw error;
    }
  }

  async #read(): Promise<Seen> {
    const { epoch, head, messages } = await this.#parts.log.read(this.#name, 0, 1);
    const latest = messages.at(-1)?.message.data;
    const isFree = latest === undefined || (latest as { held?: unknown }).held !== true;
    return { head: { epoch, offset: head }, isFree };
  }

  /** Appends an entry after the one that was seen. `false`: another node was faster, or the engine is away. */
  async #write(expected: Position, held: boolean): Promise<boolean> {
    const { log, clock } = this.#parts;
    const entry = { id: nanoid(12), time: clock.now(), data: { holder: this.#holder, held } };
    try {
      const { epoch, offset } = await log.append(this.#name, entry, { ...OPTIONS, expected });
      this.#head = { epoch, offset };
      return true;
    } catch (error) {
      if (error instanceof HeadMoved) this.#head = undefined;
      else if (!(error instanceof EngineUnavailable)) throw error;
      return false;
    }
  }
}

const isSame = (a: Position, b: Position | undefined): boolean => a.epoch === b?.epoch && a.offset === b.offset;

/** Waits, or until the signal aborts. */
export function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(delay, end);
    signal.addEventListener('abort', end);
  });
}

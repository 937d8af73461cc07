import type { ParsedCommand, WireSession } from '../protocols/protocol.ts';
import type { Refusal } from '../refusal.ts';

/** Most invalid messages in one frame: each is answered, and an answer is a hundred times larger than `1,`. */
const MOST_INVALID = 100;

/** What a frame is read from. */
export interface ReceivedFrame {
  readonly wire: WireSession;
  /** The values in it, as they were decoded. */
  readonly values: readonly unknown[];
  /** Bytes of the frame. */
  readonly size: number;
  /** Why the whole frame is refused. */
  readonly tooMuch: Refusal | null;
}

/** A frame that is being carried out, one command after the other. A value that is never reached is never parsed. */
export class FrameReading {
  /** Bytes of the frame. */
  readonly size: number;
  /** Why the whole frame is refused. */
  readonly tooMuch: Refusal | null;
  readonly #wire: WireSession;
  readonly #values: readonly unknown[];
  #at = 0;
  #invalid = 0;
  /** Did it contain anything so far that may have been meant as a command? */
  meant = false;

  constructor({ wire, values, size, tooMuch }: ReceivedFrame) {
    this.#wire = wire;
    this.#values = values;
    this.size = size;
    this.tooMuch = tooMuch;
  }

  /** Is its next command the first? */
  get fresh(): boolean {
    return this.#at === 0;
  }

  /** Is there no next command? */
  get ended(): boolean {
    return this.#at >= this.#values.length || this.hopeless;
  }

  next(): ParsedCommand | undefined {
    if (this.ended) return undefined;
    const parsed = this.#wire.parse(this.#values[this.#at++]);
    if ('fault' in parsed) this.#invalid++;
    if (isMeantAsCommand(parsed)) this.meant = true;
    return parsed;
  }

  /** Skips everything after the last command that was read. */
  skipRest(): void {
    this.#at = this.#values.length;
  }

  /** Were too many of its messages invalid? */
  get hopeless(): boolean {
    return this.#invalid > MOST_INVALID;
  }
}

/** An invalid command is an ordinary mistake; a client that sends nothing with an id speaks another protocol. */
function isMeantAsCommand(parsed: ParsedCommand): boolean {
  return 'command' in parsed || parsed.fault.id !== undefined;
}

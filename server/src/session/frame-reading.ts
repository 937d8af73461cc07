import type { Refusal } from '../channels/refusal.ts';
import type { ParsedCommand } from '../protocols/protocol.ts';

/** Messages of one frame that may be invalid: each is answered, and an answer is a hundred times larger than `1,`. */
const MOST_INVALID = 100;

/** A frame that is being carried out, one command after the other. */
export class FrameReading {
  /** Bytes of the frame. */
  readonly size: number;
  /** Why the whole frame is refused. */
  readonly tooMuch: Refusal | null;
  readonly #commands: readonly ParsedCommand[];
  #at = 0;
  #invalid = 0;
  /** Was there anything in it, so far, that may have been meant as a command? */
  meant = false;

  constructor(commands: readonly ParsedCommand[], size: number, tooMuch: Refusal | null) {
    this.#commands = commands;
    this.size = size;
    this.tooMuch = tooMuch;
  }

  /** Is its next command the first? */
  get fresh(): boolean {
    return this.#at === 0;
  }

  /** Is there no next command? */
  get ended(): boolean {
    return this.#at === this.#commands.length || this.hopeless;
  }

  next(): ParsedCommand | undefined {
    const parsed = this.#commands[this.#at++];
    if (parsed === undefined) return undefined;
    if ('fault' in parsed) this.#invalid++;
    if (isMeantAsCommand(parsed)) this.meant = true;
    return parsed;
  }

  /** Were too many of its messages invalid? */
  get hopeless(): boolean {
    return this.#invalid > MOST_INVALID;
  }
}

/** A wrong value is an ordinary mistake; a client that sends nothing with an id talks another language. */
function isMeantAsCommand(parsed: ParsedCommand): boolean {
  return 'command' in parsed || parsed.fault.id !== undefined;
}

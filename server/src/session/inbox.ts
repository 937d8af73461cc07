import type { Command } from '@sluice/protocol';
import { Refusal } from '../channels/refusal.ts';
import type { CommandFault, ParsedCommand } from '../protocols/protocol.ts';
import type { Timer } from '../util/clock.ts';
import { ConnectionLimits } from './limits.ts';
import type { Session } from './session.ts';

/** Frames in a row with no command in them before the connection is closed. SPEC.md section 8.1. */
const MOST_INVALID = 10;
/** Messages of one frame that may be invalid: each is answered, and an answer is a hundred times larger than `1,`. */
const MOST_INVALID_IN_FRAME = 100;
/** Commands that may wait while the token is being verified. */
const MOST_WAITING = 1000;

interface Waiting {
  readonly command: Command;
  readonly size: number;
}

/** From frames to commands: what a session reads, and in which order it is carried out. */
export class Inbox {
  readonly #session: Session;
  readonly limits: ConnectionLimits;
  #deadline: Timer | undefined;
  #invalidInARow = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  constructor(session: Session) {
    this.#session = session;
    const { clock, settings } = session.services;
    this.limits = new ConnectionLimits(settings.limits, clock.now());
    this.#deadline = clock.after(settings.connectTimeout, () => session.close('connect_timeout'));
  }

  /** Reads a frame and carries out its commands. */
  take(data: string | Uint8Array, size: number): void {
    const session = this.#session;
    const { maxFrame } = session.services.settings.limits;
    if (size > maxFrame) {
      session.close('frame_too_large', `a frame of ${size} bytes; at most ${maxFrame} are taken`);
      return;
    }
    if (session.state === 'authenticating') this.#waitingBytes += size;
    let valid = 0;
    let invalid = 0;
    let bytes = size; // the first command answers for the whole frame
    for (const parsed of this.#decode(data)) {
      if (session.state === 'closed') return;
      if (this.#takeOne(parsed, size, bytes)) valid++;
      if ('fault' in parsed && ++invalid > MOST_INVALID_IN_FRAME) break;
      bytes = 0;
    }
    this.#invalidInARow = valid > 0 ? 0 : this.#invalidInARow + 1;
    if (invalid > MOST_INVALID_IN_FRAME || this.#invalidInARow >= MOST_INVALID) session.close('protocol_violation');
  }

  #decode(data: string | Uint8Array): readonly ParsedCommand[] {
    try {
      return this.#session.wire.decode(data);
    } catch (error) {
      this.#session.refuse(new Refusal('frame_malformed', (error as Error).message), { type: 'frame' });
      return [];
    }
  }

  /** Tells whether it was a command. */
  #takeOne(parsed: ParsedCommand, size: number, bytes: number): boolean {
    const over = this.limits.takeCommand(bytes, this.#session.services.clock.now());
    if (this.limits.exhausted) {
      this.#session.close('flood', over?.detail);
      return true;
    }
    if ('command' in parsed) {
      if (over === null) this.#run(parsed.command, size);
      else this.#session.refuse(over, parsed.command);
      return true;
    }
    return this.#answerFault(parsed.fault);
  }

  /** Tells whether it was at least meant as a command: a wrong value is an ordinary mistake, a client that talks nonsense is not. */
  #answerFault({ id, error, detail }: CommandFault): boolean {
    this.#session.refuse(new Refusal(error, detail), { id, type: 'invalid' });
    return id !== undefined;
  }

  #run(command: Command, size: number): void {
    const session = this.#session;
    if (session.state === 'connected') session.execute(command, size);
    else if (session.state === 'authenticating') this.#wait(command, size);
    else if (command.type === 'connect') session.execute(command, size);
    else session.closeWith(new Refusal('connect_required', `the first command was "${command.type}"`), command);
  }

  #wait(command: Command, size: number): void {
    this.#waiting.push({ command, size });
    const { maxFrame } = this.#session.services.settings.limits;
    if (this.#waiting.length > MOST_WAITING || this.#waitingBytes > maxFrame) this.#session.close('flood');
  }

  /** The session is connected: carries out what waited. */
  open(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { command, size } of waiting) {
      if (this.#session.state === 'connected') this.#session.execute(command, size);
    }
  }

  close(): void {
    this.#deadline?.cancel();
    this.#waiting = [];
  }
}

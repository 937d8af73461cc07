import type { Command } from '@sluice/protocol';
import { Refusal } from '../channels/refusal.ts';
import type { ParsedCommand } from '../protocols/protocol.ts';
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
    const { clock, settings } = session.services;
    const { maxFrame } = settings.limits;
    if (size > maxFrame) {
      session.close('frame_too_large', `a frame of ${size} bytes; at most ${maxFrame} are taken`);
      return;
    }
    if (session.state === 'authenticating') this.#waitingBytes += size;
    const over = this.limits.takeFrame(size, clock.now());
    let commands = 0;
    let invalid = 0;
    for (const parsed of this.#decode(data)) {
      if (session.state === 'closed') return;
      this.#takeOne(parsed, size, over);
      if (isMeantAsCommand(parsed)) commands++;
      if ('fault' in parsed && ++invalid > MOST_INVALID_IN_FRAME) break;
    }
    this.#invalidInARow = commands > 0 ? 0 : this.#invalidInARow + 1;
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

  /** @param tooMuch the whole frame is refused */
  #takeOne(parsed: ParsedCommand, size: number, tooMuch: Refusal | null): void {
    const over = tooMuch ?? this.limits.takeCommand(this.#session.services.clock.now());
    this.#counted(() => {
      if (over !== null) this.#refuse(parsed, over);
      else if ('command' in parsed) this.#run(parsed.command, size);
      else this.#session.refuse(new Refusal(parsed.fault.error, parsed.fault.detail), nameOf(parsed));
    });
  }

  #refuse(parsed: ParsedCommand, over: Refusal): void {
    this.limits.strike();
    this.#session.refuse(over, nameOf(parsed));
  }

  /** A connection that goes on after so many refusals in a row, by whichever limit, is closed. SPEC.md section 10. */
  #counted(act: () => void): void {
    const { strikes } = this.limits;
    act();
    if (this.limits.strikes === strikes) this.limits.forgive();
    else if (this.limits.exhausted) this.#session.close('flood');
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
      if (this.#session.state === 'connected') this.#counted(() => this.#session.execute(command, size));
    }
  }

  close(): void {
    this.#deadline?.cancel();
    this.#waiting = [];
  }
}

/** A wrong value is an ordinary mistake; a client that sends nothing with an id talks another language. */
function isMeantAsCommand(parsed: ParsedCommand): boolean {
  return 'command' in parsed || parsed.fault.id !== undefined;
}

/** As what a command is answered and reported. */
function nameOf(parsed: ParsedCommand): { id?: number | undefined; type: string } {
  return 'command' in parsed ? parsed.command : { id: parsed.fault.id, type: 'invalid' };
}

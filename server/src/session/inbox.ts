import type { Command } from '@sluice/protocol';
import type { ParsedCommand } from '../protocols/protocol.ts';
import { Refusal } from '../refusal.ts';
import type { Timer } from '../util/clock.ts';
import type { Resumable } from './fair-scheduler.ts';
import { type Frame, FrameBacklog } from './frame-backlog.ts';
import { FrameReading } from './frame-reading.ts';
import { ConnectionLimits } from './limits.ts';
import type { SessionContext, Unread } from './session-context.ts';

/** Frames in a row with no command in them before the connection is closed. SPEC.md section 8.1. */
const MOST_INVALID = 10;
/** Commands that may wait while the token is being verified. */
const MOST_WAITING = 1000;
/** Bytes that a connection may send before it is authenticated, beyond one frame: room for another attempt. */
const EARLY_MARGIN = 4 * 1024;
/** Bytes that may wait for their turn, where the bytes of a connection are not limited. */
const MOST_BEHIND = 4 * 1024 * 1024;

/** From frames to commands: what a session reads, in which order it is carried out, and how much of it in one turn. */
export class Inbox implements Resumable {
  readonly #session: SessionContext;
  readonly limits: ConnectionLimits;
  #deadline: Timer | undefined;
  #invalidInARow = 0;
  #early = 0;
  #reading: FrameReading | undefined;
  #backlog: FrameBacklog | undefined;
  #turn = -1;
  #taken = 0;
  #resuming = false;

  constructor(session: SessionContext) {
    this.#session = session;
    const { clock, settings } = session.services;
    this.limits = new ConnectionLimits(settings.limits, clock.monotonic());
    this.#deadline = clock.after(settings.connectTimeout, () => session.close('connect_timeout'));
  }

  /** Carries out what the wire itself begins with. */
  begin(commands: readonly Command[]): void {
    for (const command of commands) if (this.#session.state !== 'closed') this.#run(command, 0, false);
  }

  /** Reads a frame and carries out its commands: now, or in the turns that follow. */
  take(data: string | Uint8Array, size: number): void {
    const session = this.#session;
    const { clock, settings } = session.services;
    const { maxFrame } = settings.limits;
    if (size > maxFrame) {
      session.close('frame_too_large', `a frame of ${size} bytes; the gateway accepts at most ${maxFrame}`);
      return;
    }
    if (session.state !== 'connected') {
      this.#early += size;
      if (this.#early > maxFrame + EARLY_MARGIN) {
        session.close('flood', `more than ${maxFrame + EARLY_MARGIN} bytes before authentication (limits.maxFrame)`);
        return;
      }
    }
    const tooMuch = this.limits.takeFrame(size, clock);
    if (this.#isBehind) {
      this.#keep({ data, size, tooMuch });
    } else {
      this.#reading = this.#read({ data, size, tooMuch });
      this.resume();
    }
  }

  #read({ data, size, tooMuch }: Frame): FrameReading {
    return new FrameReading({ wire: this.#session.wireSession, values: this.#decode(data), size, tooMuch });
  }

  /** Are there commands that have been received, and will be carried out in a turn that follows? */
  get hasMore(): boolean {
    return this.#session.state === 'connected' && (this.#waits || this.#reading?.ended === false);
  }

  get #isBehind(): boolean {
    return this.#reading !== undefined || this.#waits;
  }

  /** Are there commands that waited for the token, and need not any more? */
  get #waits(): boolean {
    return this.#backlog !== undefined && this.#backlog.commands > 0 && this.#session.state === 'connected';
  }

  #keep(frame: Frame): void {
    this.#backlog ??= new FrameBacklog();
    this.#backlog.addFrame(frame);
    const most = this.#session.services.settings.limits.bytes?.burst ?? MOST_BEHIND;
    if (this.#backlog.frameBytes > most) {
      this.#session.close('flood', `more than ${most} bytes wait (limits.bytes.burst); wait for replies`);
    }
  }

  /** Continues with what was sent, within this turn's quota. */
  resume(): void {
    if (this.#resuming) return; // called by a command that connects at once: the loop below goes on
    this.#resuming = true;
    try {
      this.#executeQuota();
    } finally {
      this.#resuming = false;
    }
  }

  #executeQuota(): void {
    while (this.#session.state !== 'closed' && this.#hasMore()) {
      if (!this.#takeQuota()) {
        this.#session.services.scheduler.add(this);
        return;
      }
      if (this.#waits) this.#carryOutWaiting();
      else this.#takeOne();
    }
  }

  #hasMore(): boolean {
    if (this.#waits) return true;
    while (this.#reading?.ended !== false) {
      if (this.#reading !== undefined) this.#finish(this.#reading);
      const frame = this.#backlog?.takeFrame();
      if (frame === undefined || this.#session.state === 'closed') return false;
      this.#reading = this.#read(frame);
    }
    return true;
  }

  #finish(reading: FrameReading): void {
    this.#reading = undefined;
    this.#invalidInARow = reading.meant ? 0 : this.#invalidInARow + 1;
    if (reading.hopeless || this.#invalidInARow >= MOST_INVALID) this.#session.close('protocol_violation');
  }

  #takeQuota(): boolean {
    if (this.#session.state === 'authenticating') return true; // nothing is carried out yet
    const { current } = this.#session.services.scheduler;
    if (this.#turn !== current) {
      this.#turn = current;
      this.#taken = 0;
    }
    return this.#taken++ < this.limits.quota;
  }

  #carryOutWaiting(): void {
    const next = this.#backlog?.takeCommand();
    if (next === undefined) return;
    const { violations } = this.limits;
    this.#session.execute(next.command, next.size);
    this.enforce(violations);
  }

  #decode(data: string | Uint8Array): readonly unknown[] {
    try {
      return this.#session.wireSession.decode(data);
    } catch (error) {
      this.#session.refuse(new Refusal('frame_malformed', (error as Error).message), { type: 'frame' });
      return [];
    }
  }

  #takeOne(): void {
    const reading = this.#reading;
    const fresh = reading?.fresh === true;
    const parsed = reading?.next();
    if (reading === undefined || parsed === undefined) return;
    const { violations } = this.limits;
    const over = reading.tooMuch ?? this.limits.takeCommand(this.#session.services.clock);
    if (over !== null) this.#refuse(parsed, over);
    else if ('command' in parsed) this.#run(parsed.command, reading.size, fresh);
    else this.#session.refuse(new Refusal(parsed.fault.error, parsed.fault.detail), nameOf(parsed));
    this.enforce(violations);
    // An unauthenticated client's frame is read only up to its first command. SPEC.md section 1.
    if (this.#session.state === 'new') reading.skipRest();
  }

  #refuse(parsed: ParsedCommand, over: Refusal): void {
    this.limits.countViolation();
    this.#session.refuse(over, nameOf(parsed));
  }

  /**
   * A connection that continues after this many refusals in a row, by any limit, is closed. SPEC.md section 10.
   *
   * @param before the refusals before this command
   */
  enforce(before: number): void {
    if (this.limits.violations === before) this.limits.resetViolations();
    else if (this.limits.exhausted) this.#session.close('flood', 'too many refusals in a row; wait for "retryAfter"');
  }

  #run(command: Command, size: number, fresh: boolean): void {
    const session = this.#session;
    if (session.state === 'connected') session.execute(command, size);
    else if (session.state === 'authenticating') this.#wait(command, size, fresh);
    else if (command.type === 'connect') session.execute(command, size);
    else {
      const { error, detail } = session.wireSession.refuseEarly(command);
      session.closeWith(new Refusal(error, detail), command);
    }
  }

  #wait(command: Command, size: number, fresh: boolean): void {
    this.#backlog ??= new FrameBacklog();
    this.#backlog.addCommand({ command, size }, fresh ? size : 0);
    const { maxFrame } = this.#session.services.settings.limits;
    if (this.#backlog.commands > MOST_WAITING || this.#backlog.commandBytes > maxFrame) {
      const most = `${MOST_WAITING} commands or ${maxFrame} bytes`;
      this.#session.close('flood', `more than ${most} before the reply to "connect"`);
    }
  }

  /** The session is connected: carries out what waited. */
  open(): void {
    this.endDeadline();
    this.resume();
  }

  /** The client has sent `connect`, and something else limits how long its answer takes. */
  endDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  close(): void {
    this.#deadline?.cancel();
    this.#backlog = undefined;
    this.#reading = undefined;
  }
}

/** As what a command is answered and reported. */
function nameOf(parsed: ParsedCommand): Command | Unread {
  return 'command' in parsed ? parsed.command : { id: parsed.fault.id, type: 'invalid' };
}

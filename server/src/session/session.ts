import { type Command, closeReason, ERRORS, type ErrorName, type Push, type ServerMessage } from '@sluice/protocol';
import { ANONYMOUS, type Identity, type Verb } from '../auth/identity.ts';
import { authorize, type Decision } from '../channels/authorize.ts';
import type { Cursor } from '../channels/cursor.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { Watcher } from '../presence/watcher.ts';
import type { Wire } from '../protocols/protocol.ts';
import { Refusal } from '../refusal.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import { Attendance } from './attendance.ts';
import { BrokenSeries, breaksSeries } from './broken-series.ts';
import { type Decided, Decisions } from './decisions.ts';
import { dispatch } from './dispatch.ts';
import { Expiry } from './expiry.ts';
import { Inbox } from './inbox.ts';
import type { ConnectionLimits } from './limits.ts';
import { Pages } from './pages.ts';
import type { Services } from './services.ts';

/** `new`: waits for `connect`; `authenticating`: its token is being verified, commands wait; then `connected`, at last `closed`. */
export type SessionState = 'new' | 'authenticating' | 'connected' | 'closed';

/** Something that came in place of a command. */
export interface Unread {
  readonly id?: number | undefined;
  readonly type: 'frame' | 'invalid';
}

const NO_CURSORS: ReadonlyMap<string, Cursor> = new Map();
const NO_WATCHERS: ReadonlyMap<string, Watcher> = new Map();

/** One client from open to close: who it is, which cursors it holds, and what waits to be said to it. */
export class Session implements ConnectionListener, Subscriber {
  readonly connection: Connection;
  readonly wire: Wire;
  readonly services: Services;
  readonly #opened: number;
  readonly #inbox: Inbox;
  readonly #expiry: Expiry;
  #state: SessionState = 'new';
  #identity: Identity = ANONYMOUS;
  // Most connections hold a cursor and few ever wait; both are made when they are needed.
  #cursors: Map<string, Cursor> | undefined;
  /**
   * What is said at the end of the turn. There is none in between: where each of many connections keeps an array, V8 makes all of them in the old space,
   * and with them whatever was said grows old.
   */
  #held: ServerMessage[] | undefined;
  #opening: Map<string, Promise<unknown>> | undefined;
  #attendance: Attendance | undefined;
  #pages: Pages | undefined;
  #brokenSeries: BrokenSeries | undefined;
  #decisions: Decisions | undefined;
  #decided: Decided | null = null;

  constructor(connection: Connection, wire: Wire, services: Services) {
    this.connection = connection;
    this.wire = wire;
    this.services = services;
    this.#opened = services.clock.monotonic();
    this.#inbox = new Inbox(this);
    this.#expiry = new Expiry(this);
    services.registry.add(this);
    const { id, address, protocol } = connection;
    services.events.emit('connectionOpened', { connection: id, address, protocol });
  }

  get state(): SessionState {
    return this.#state;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get cursors(): ReadonlyMap<string, Cursor> {
    return this.#cursors ?? NO_CURSORS;
  }

  get watchers(): ReadonlyMap<string, Watcher> {
    return this.#attendance?.watchers ?? NO_WATCHERS;
  }

  /** Its part in presence; made when it is first needed. */
  get attendance(): Attendance {
    this.#attendance ??= new Attendance(this);
    return this.#attendance;
  }

  // Identity ---------------------------------------------------------------------------------------------------------

  /** The token is being verified: commands wait until it is. */
  beginAuthentication(): void {
    this.#state = 'authenticating';
  }

  /** Takes on a verified identity, at connect and at every refresh. */
  assume(identity: Identity): void {
    if (this.#state === 'closed') return;
    this.#state = 'connected';
    this.connection.trust();
    this.#identity = identity;
    this.#expiry.watch(identity.expiresAt);
    // It may have been revoked since it was verified: the revocation did not find this connection under it yet.
    if (this.services.revoked.covers(identity)) this.close('token_revoked');
  }

  /** The wall clock was set: its token ends sooner, or later, than was reckoned. */
  clockSet(): void {
    if (this.#state !== 'closed') this.#expiry.reckon();
  }

  // Cursors ----------------------------------------------------------------------------------------------------------

  /** Subscribes for which the engine is still being asked, by channel. */
  get opening(): Map<string, Promise<unknown>> {
    this.#opening ??= new Map();
    return this.#opening;
  }

  /** Its reading of history and of members. */
  get pages(): Pages {
    this.#pages ??= new Pages(this.connection);
    return this.#pages;
  }

  /** Takes on a cursor; one that comes after the close ends at once. */
  addCursor(cursor: Cursor): void {
    if (this.#state === 'closed') {
      this.services.hub.unsubscribe(cursor);
      return;
    }
    this.#cursors ??= new Map();
    this.#cursors.set(cursor.channel.name, cursor);
    this.services.events.emit('subscribed', { connection: this.connection.id, channel: cursor.channel.name });
  }

  removeCursor(cursor: Cursor): void {
    this.services.hub.unsubscribe(cursor);
    if (this.#cursors?.delete(cursor.channel.name) !== true) return;
    this.services.events.emit('unsubscribed', { connection: this.connection.id, channel: cursor.channel.name });
  }

  dropCursor(cursor: Cursor, reason: 'permission' | 'slow_reader'): void {
    this.removeCursor(cursor);
    this.push({ type: 'unsubscribed', channel: cursor.channel.name, reason });
  }

  cutSlowReader(): void {
    this.close('slow_reader');
  }

  /** Series of publishes of which one was refused; none while nothing was. */
  get brokenSeries(): BrokenSeries | undefined {
    return this.#brokenSeries;
  }

  /** What this connection may send. */
  get limits(): ConnectionLimits {
    return this.#inbox.limits;
  }

  chargeList(bytes: number): void {
    this.limits.chargePage(bytes, this.services.clock);
  }

  chargeReplay(messages: number, bytes: number): void {
    this.limits.chargeReplay(messages, bytes, this.services.clock);
  }

  get debt(): number {
    return this.limits.debt(this.services.clock);
  }

  // What comes in ----------------------------------------------------------------------------------------------------

  frame(data: string | Uint8Array, size: number): void {
    if (this.#state !== 'closed') this.#inbox.take(data, size);
  }

  /** Carries out a command and answers it: at once, unless a function of its rule has to decide first. */
  execute(command: Command, size: number): void {
    // Rules that ask no function any more must not let a command overtake those that wait.
    if ((this.services.rules.asksFunctions || this.#decisions !== undefined) && 'channel' in command) {
      this.#decisions ??= new Decisions(this);
      this.#decisions.take(command, size);
    } else {
      this.carryOut(command, size, null);
    }
  }

  /**
   * Carries out a command and answers it. A throw on the way is our own mistake; the client hears `internal`.
   *
   * @param decided what a function has decided about it
   */
  carryOut(command: Command, size: number, decided: Decided | null): void {
    this.#decided = decided;
    try {
      const outcome = dispatch(this, command, size);
      if (outcome instanceof Promise) {
        outcome.then(
          (result) => this.#answer(command, result),
          (error: unknown) => this.#mistake(command, error),
        );
      } else {
        this.#answer(command, outcome);
      }
    } catch (error) {
      this.#mistake(command, error);
    }
    this.#decided = null;
  }

  /** As `carryOut`, where the frame that the command came in has been read already. */
  carryOutLate(command: Command, size: number, decided: Decided | null): void {
    const { strikes } = this.limits;
    this.carryOut(command, size, decided);
    this.#inbox.judge(strikes);
  }

  /** May the command that is carried out do this? It was decided before, where a function decides. */
  authorize(verb: Verb, channel: string): Decision {
    const decided = this.#decided;
    if (decided !== null && decided.verb === verb) return decided.decision;
    const decision = authorize(this.services, this.#identity, verb, channel);
    if (decision instanceof Promise) throw new Error(`"${verb}" on "${channel}" should have been decided before`);
    return decision;
  }

  #answer(command: Command, outcome: object | Refusal): void {
    if (this.#state === 'closed') return;
    const { id, type } = command;
    if (outcome instanceof Refusal) this.refuse(outcome, command);
    else this.hold({ type: 'reply', id, result: outcome as never });
    if (type === 'connect' && this.#state === 'connected') this.#inbox.open();
  }

  #mistake(command: Command, error: unknown): void {
    this.services.events.emit('fault', { where: `command "${command.type}"`, error });
    this.refuse(new Refusal('internal'), command);
  }

  /** Answers with an error. */
  refuse(refusal: Refusal, command: Command | Unread): void {
    this.#holdError(refusal, command.id);
    this.#report(refusal, command.type);
    if (breaksSeries(command, refusal)) {
      this.#brokenSeries ??= new BrokenSeries();
      this.#brokenSeries.note(command, refusal);
    }
  }

  #holdError({ body }: Refusal, id: number | undefined): void {
    this.hold(id === undefined ? { type: 'error', error: body } : { type: 'error', id, error: body });
  }

  #report({ error, body }: Refusal, command: string): void {
    const { events } = this.services;
    events.emit('refused', { connection: this.connection.id, command, error, detail: body.message });
  }

  distrusted(why: 'too_much' | 'no_room'): void {
    if (why === 'too_much') this.close('flood', 'too many bytes before authentication (limits.maxFrame + 1/8)');
    else this.close('unavailable', 'connections that have not authenticated hold too much memory');
  }

  flooded(): void {
    this.close('flood', 'more than 64 pings and pongs at once; send fewer');
  }

  overflow(): void {
    this.services.hub.overflowed(this);
    if (this.watchers.size > 0) this.services.presence.overflowed(this);
  }

  drain(): void {
    if (this.cursors.size > 0) this.services.replayer.wake(this);
    if (this.watchers.size > 0) this.services.presence.wake(this);
    if (this.#held === undefined) this.#pages?.next(); // else a page may be among what is held: its release goes on
  }

  closed(code: number, reason: string): void {
    const { registry, events, hub, clock } = this.services;
    this.#state = 'closed';
    this.#inbox.close();
    this.#decisions?.close();
    this.#expiry.close();
    this.#held = undefined;
    hub.forget(this);
    this.services.replayer.forget(this);
    for (const cursor of this.cursors.values()) this.removeCursor(cursor);
    this.#attendance?.close();
    registry.remove(this);
    const duration = clock.monotonic() - this.#opened;
    events.emit('connectionClosed', {
      connection: this.connection.id,
      user: this.#identity.user,
      code,
      reason,
      duration,
    });
  }

  // What goes out ----------------------------------------------------------------------------------------------------

  /** Says something at the end of the turn, in one frame with whatever else is said until then. */
  hold(message: ServerMessage): void {
    if (this.#state === 'closed') return;
    if (this.#held === undefined) {
      this.#held = [];
      this.services.outbox.add(this);
    }
    this.#held.push(message);
  }

  push(push: Push): void {
    this.hold(push);
  }

  sendFrame(frame: Uint8Array): void {
    this.release();
    this.connection.send(frame, this.wire.binary);
  }

  release(): void {
    const messages = this.#held;
    if (messages === undefined) return;
    this.#held = undefined;
    this.connection.send(this.wire.encode(messages), this.wire.binary);
    this.#pages?.next();
  }

  /** Closes with an entry of the catalogue; what waits is said first. */
  close(error: ErrorName, detail?: string): void {
    if (this.#state === 'closed') return;
    if (error !== 'draining') this.#report(new Refusal(error, detail), 'close');
    this.release();
    this.#state = 'closed';
    this.connection.close(ERRORS[error].code, closeReason(error, detail));
  }

  /** Answers a command with an error and closes for the same reason. */
  closeWith(refusal: Refusal, { id }: { id: number }): void {
    this.#holdError(refusal, id);
    this.close(refusal.error, refusal.detail);
  }
}

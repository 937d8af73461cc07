import {
  type Command,
  closeReason,
  ERRORS,
  type ErrorName,
  errorBody,
  type Push,
  type ServerMessage,
} from '@sluice/protocol';
import { ANONYMOUS, type Identity, type Verb } from '../auth/identity.ts';
import { authorize, type Decision } from '../channels/authorize.ts';
import type { EndReason, Kind, Standing } from '../channels/standing.ts';
import { Standings } from '../channels/standings.ts';
import type { Wire, WireSession } from '../protocols/protocol.ts';
import { Refusal } from '../refusal.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { BackendOutcome, BackendSubscription } from './backend-outcome.ts';
import { subscribeForBackend, withdrawSubscriptions } from './backend-subscription.ts';
import { BlockedSeries, blocksSeries } from './blocked-series.ts';
import type { Decided } from './decided.ts';
import { Decisions } from './decisions.ts';
import { dispatch } from './dispatch.ts';
import { Expiry } from './expiry.ts';
import { Inbox } from './inbox.ts';
import type { ConnectionLimits } from './limits.ts';
import { PageQueue } from './page-queue.ts';
import type { Services } from './services.ts';
import type { SessionContext, Unread } from './session-context.ts';
import type { SessionState } from './session-state.ts';

/** Shared by all sessions that hold nothing. */
const NOTHING = new Standings();

/** A wire protocol, and its side of this connection. */
export interface OpenedWire {
  readonly wire: Wire;
  readonly session: WireSession;
}

/** One client from open to close: who it is, what it holds, and what waits to be sent to it. */
export class Session implements ConnectionListener, SessionContext {
  readonly connection: Connection;
  readonly wire: Wire;
  readonly wireSession: WireSession;
  readonly services: Services;
  readonly openedAt: number;
  readonly #inbox: Inbox;
  readonly #expiry: Expiry;
  #state: SessionState = 'new';
  #identity: Identity = ANONYMOUS;
  // Created when needed: an idle connection has none of these.
  #standings: Standings | undefined;
  /**
   * What is sent at the end of the turn; undefined in between. If each of many connections kept an
   * array, V8 would allocate all of them in the old space, and the messages in them would grow old.
   */
  #held: ServerMessage[] | undefined;
  #pages: PageQueue | undefined;
  #blockedSeries: BlockedSeries | undefined;
  #decisions: Decisions | undefined;

  constructor(connection: Connection, { wire, session }: OpenedWire, services: Services) {
    this.connection = connection;
    this.wire = wire;
    this.wireSession = session;
    this.services = services;
    this.openedAt = Math.floor(services.clock.monotonic()); // V8 stores other numbers outside of the session
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

  // Identity ---------------------------------------------------------------------------------------------------------

  beginAuthentication(): void {
    this.#state = 'authenticating';
  }

  awaitHook(): void {
    this.#state = 'authenticating';
    this.#inbox.endDeadline();
  }

  assume(identity: Identity): void {
    if (this.#state === 'closed') return;
    this.#state = 'connected';
    this.connection.trust();
    this.#identity = identity;
    this.#expiry.watch(identity.expiresAt);
    // It may have been revoked after it was verified: the revocation did not find this connection under it yet.
    if (this.services.revoked.covers(identity)) this.close('token_revoked');
  }

  /** The wall clock was set: the token expires sooner, or later, than planned. */
  clockSet(): void {
    if (this.#state !== 'closed') this.#expiry.reckon();
  }

  // What it holds ----------------------------------------------------------------------------------------------------

  get standings(): Standings {
    return this.#standings ?? NOTHING;
  }

  addPending<T>(kind: Kind, key: string, pending: Promise<T>): Promise<T> {
    this.#standings ??= new Standings();
    return this.#standings.addPending(kind, key, pending);
  }

  add(standing: Standing): boolean {
    if (this.#state === 'closed') return false;
    this.#standings ??= new Standings();
    this.#standings.add(standing);
    return true;
  }

  forget(standing: Standing): boolean {
    return this.standings.remove(standing);
  }

  end(standing: Standing, reason: EndReason, message?: string): void | Promise<void> {
    if (this.forget(standing)) return standing.end(reason, message);
  }

  subscribe(wish: BackendSubscription): NowOrLater<BackendOutcome> {
    return subscribeForBackend(this, wish);
  }

  withdraw(matches: (channel: string) => boolean): void {
    withdrawSubscriptions(this, matches);
  }

  get pages(): PageQueue {
    this.#pages ??= new PageQueue(this.connection);
    return this.#pages;
  }

  cutSlowReader(): void {
    this.close('slow_reader');
  }

  get blockedSeries(): BlockedSeries | undefined {
    return this.#blockedSeries;
  }

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

  opened(): void {
    const commands = this.wireSession.opened?.(this.connection);
    if (commands !== undefined) this.#inbox.begin(commands);
  }

  frame(data: string | Uint8Array, size: number): void {
    if (this.#state !== 'closed') this.#inbox.take(data, size);
  }

  /** Do functions or hooks decide about commands before they are carried out? */
  get #isDecidedBefore(): boolean {
    return this.services.rules.asksFunctions || this.services.hooks.active || this.#decisions !== undefined;
  }

  get hasMore(): boolean {
    return this.#inbox.hasMore;
  }

  execute(command: Command, size: number): void {
    // Even if the new rules have no functions, a command must not overtake those that wait.
    if (this.#isDecidedBefore && 'channel' in command) {
      this.#decisions ??= new Decisions(this);
      this.#decisions.take(command, size);
    } else {
      this.carryOut(command, size, null);
    }
  }

  /** A throw is a fault of the gateway; the client receives `internal`. */
  carryOut(command: Command, size: number, decided: Decided | null): void {
    const { events } = this.services;
    if (events.isHeard('command')) events.emit('command', { connection: this.connection.id, command });
    try {
      const outcome = dispatch(this, command, decided, size);
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
  }

  carryOutLate(command: Command, size: number, decided: Decided | null): void {
    const { violations } = this.limits;
    this.carryOut(command, size, decided);
    this.#inbox.enforce(violations);
  }

  authorize(verb: Verb, channel: string, decided: Decided | null): Decision {
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

  refuse(refusal: Refusal, command: Command | Unread): void {
    this.#holdError(refusal, command.id);
    this.#report(refusal, command.type, 'channel' in command ? command.channel : undefined);
    if (blocksSeries(command, refusal)) {
      this.#blockedSeries ??= new BlockedSeries();
      this.#blockedSeries.note(command, refusal);
    }
  }

  #holdError({ body }: Refusal, id: number | undefined): void {
    this.hold(id === undefined ? { type: 'error', error: body } : { type: 'error', id, error: body });
  }

  #report({ error, body }: Refusal, command: string, channel?: string): void {
    const { events } = this.services;
    events.emit('refused', { connection: this.connection.id, command, channel, error, detail: body.message });
  }

  evicted(why: 'too_much' | 'no_room'): void {
    if (why === 'too_much') this.close('flood', 'too many bytes before authentication (limits.maxFrame + 1/8)');
    else this.close('unavailable', 'connections that have not authenticated hold too much memory');
  }

  flooded(): void {
    this.close('flood', 'more than 64 pings and pongs at once; send fewer');
  }

  overflow(): void {
    this.services.hub.refused(this);
  }

  drain(): void {
    for (const standing of this.standings) standing.drained();
    // otherwise a page may be among what is held: `release` continues
    if (this.#held === undefined) this.#pages?.next();
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
    for (const standing of this.standings) this.end(standing, 'closed');
    registry.remove(this);
    const duration = clock.monotonic() - this.openedAt;
    events.emit('connectionClosed', {
      connection: this.connection.id,
      user: this.#identity.user,
      code,
      reason,
      duration,
    });
  }

  // What goes out ----------------------------------------------------------------------------------------------------

  /** Sends something at the end of the turn, in one frame with everything else that is added until then. */
  hold(message: ServerMessage): void {
    if (this.#state === 'closed') return;
    if (this.#held === undefined) {
      this.#held = [];
      this.services.replies.add(this);
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
    this.wireSession.send(messages, this.connection);
    this.#pages?.next();
  }

  close(error: ErrorName, detail?: string): void {
    if (this.#state === 'closed') return;
    if (error !== 'draining') this.#report(new Refusal(error, detail), 'close');
    this.release();
    this.#state = 'closed';
    this.wireSession.reportClose?.(errorBody(error, detail), this.connection);
    this.connection.close(ERRORS[error].code, closeReason(error, detail));
  }

  closeWith(refusal: Refusal, { id }: { id: number }): void {
    this.#holdError(refusal, id);
    this.close(refusal.error, refusal.detail);
  }
}

import type { Command } from '@sluice/protocol';
import type { Identity, Verb } from '../auth/identity.ts';
import type { Decision } from '../channels/authorize.ts';
import type { Kind, Standing } from '../channels/standing.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { WireSession } from '../protocols/protocol.ts';
import type { Refusal } from '../refusal.ts';
import type { BlockedSeries } from './blocked-series.ts';
import type { Decided } from './decided.ts';
import type { ConnectionLimits } from './limits.ts';
import type { PageQueue } from './page-queue.ts';
import type { Registered } from './registry.ts';
import type { Services } from './services.ts';

/** Input that could not be parsed as a command. */
export interface Unread {
  readonly id?: number | undefined;
  readonly type: 'frame' | 'invalid';
}

/** A session, as its commands and its own parts see it. */
export interface SessionContext extends Subscriber, Registered {
  readonly services: Services;
  /** The wire protocol's side of this connection. */
  readonly wireSession: WireSession;
  /** What this connection may send. */
  readonly limits: ConnectionLimits;
  /** Its reading of history and of members. */
  readonly pages: PageQueue;
  /** Series of publishes of which one was refused; none while nothing was. */
  readonly blockedSeries: BlockedSeries | undefined;

  /** Has it received commands that are carried out in a turn that follows? */
  readonly hasMore: boolean;

  /** The token is being verified: commands wait until it is. */
  beginAuthentication(): void;
  /** A hook decides about the connection, within its own `timeout`: `connectTimeout` ends. Commands wait. */
  awaitHook(): void;
  /** Adopts a verified identity, at connect and at every refresh. */
  assume(identity: Identity): void;

  /** Counts something as pending until the promise settles; see `Standings.addPending`. */
  addPending<T>(kind: Kind, key: string, pending: Promise<T>): Promise<T>;
  /**
   * Holds something that has begun.
   *
   * @returns whether it is held: not if the connection has closed
   */
  add(standing: Standing): boolean;
  /** Holds it no longer, without ending it. Returns whether it was held. */
  forget(standing: Standing): boolean;
  /**
   * May the command that is carried out do this?
   *
   * @param decided what a function has decided about the command, if it had to
   */
  authorize(verb: Verb, channel: string, decided: Decided | null): Decision;

  /** Carries out a command and answers it: at once, unless a function of its rule has to decide first. */
  execute(command: Command, size: number): void;
  /** As `execute`, once it is decided. */
  carryOut(command: Command, size: number, decided: Decided | null): void;
  /** As `carryOut`, if the frame that the command came in has been read already. */
  carryOutLate(command: Command, size: number, decided: Decided | null): void;
  /** Answers with an error. */
  refuse(refusal: Refusal, command: Command | Unread): void;

  /** Answers a command with an error and closes for the same reason. */
  closeWith(refusal: Refusal, command: { id: number }): void;
}

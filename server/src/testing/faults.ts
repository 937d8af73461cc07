import { ERRORS, type ErrorName } from '@sluice/protocol';
import type { GatewayRun, RestartOptions } from './gateway-run.ts';
import { type LinkConditions, UNDISTURBED } from './link.ts';
import type { Links } from './links.ts';
import type { Recorder, TestConnection } from './recorder.ts';
import type { TokenGate } from './token-gate.ts';

/** Whom a fault hits: a user with all connections, or one connection. Left out: everybody. */
export type Who = string | TestConnection;

export interface FaultParts {
  readonly run: GatewayRun;
  readonly links: Links;
  readonly recorder: Recorder;
  readonly tokenGate: TokenGate;
}

/** First code that concerns one command only, and never closes a connection. SPEC.md section 8.2. */
const COMMAND_CODES = 4300;

/** What can go wrong between an application and its gateway, at a test's command. */
export class Faults {
  readonly #parts: FaultParts;
  // The conditions of users who have their own, also for their future connections.
  readonly #conditionsOf = new Map<string, LinkConditions>();

  constructor(parts: FaultParts) {
    this.#parts = parts;
    parts.recorder.onArrival = (connection, user) => this.#settle(connection, user);
  }

  /** Cuts TCP connections without a goodbye: the client sees the close code 1006. */
  drop(who?: Who): void {
    for (const { id } of this.#hit(who)) this.#parts.links.find(id)?.cut();
  }

  /**
   * Closes WebSockets with an entry of the error catalogue, e.g. `slow_reader`; the client does what the code's range says.
   *
   * @throws TypeError when the entry concerns single commands and closes no connection
   */
  closeWith(name: ErrorName, who?: Who): void {
    const { code } = ERRORS[name];
    if (code >= COMMAND_CODES)
      throw new TypeError(`"${name}" (${code}) refuses one command; it never closes a connection`);
    for (const { id } of this.#hit(who)) this.#parts.run.session(id)?.close(name);
  }

  /** Delays every byte by this many milliseconds of real time, in each direction. 0 ends the delay. */
  delay(milliseconds: number, who?: Who): void {
    this.#change({ delay: milliseconds }, who);
  }

  /** The client reads no more: what the gateway writes piles up on the way to it. Of a user, also on connections to come. */
  stall(who?: Who): void {
    this.#change({ stalled: true }, who);
  }

  /** The link goes silent: nothing passes in either direction, and nobody is told. Of a user, also on connections to come. */
  silence(who?: Who): void {
    this.#change({ stalled: true, mute: true }, who);
  }

  /** Ends `stall` and `silence`: what waited passes, in its order. */
  resume(who?: Who): void {
    this.#change({ stalled: false, mute: false }, who);
  }

  /**
   * The channel's next message is acknowledged and gets its offset, but is lost, and what the log held before it is too. Subscribers hear a gap
   * when the next message comes, or when they reconnect.
   */
  loseMessage(channel: string): void {
    this.#parts.run.engine.loseNext(channel);
  }

  /** All tokens that the user has shown so far expire now: connections are closed with `token_expired`, and only a new token is accepted. */
  expireToken(user: string): void {
    const connections = this.#hit(user);
    this.#parts.tokenGate.expire(user);
    for (const { id } of connections) this.#parts.run.session(id)?.close('token_expired');
  }

  /** New connections are turned away as if nobody listened, until `accept`; those that stand go on. */
  refuseConnections(): void {
    this.#parts.links.refusing = true;
  }

  /** Ends `refuseConnections`. */
  accept(): void {
    this.#parts.links.refusing = false;
  }

  /** Ends the gateway as a power cut does: nobody is told. It stays away until `recover`. */
  async crash(): Promise<void> {
    this.#parts.links.refusing = true;
    this.#parts.links.cutAll();
    await this.#parts.run.end();
  }

  /** Stops the gateway as an operator does: it sends its clients away with `draining`. It stays away until `recover`. */
  async drain(): Promise<void> {
    await this.#parts.run.end();
    this.#parts.links.refusing = true;
  }

  /** Starts a gateway in the place of the one that ended, at the same address. */
  async recover(options: RestartOptions = {}): Promise<void> {
    await this.#parts.run.begin(options);
    this.#parts.links.refusing = false;
  }

  /** A crash and a recovery. With `keepLog` clients resume where they were; without it the logs begin a new epoch, and clients hear a gap. */
  async restart(options: RestartOptions = {}): Promise<void> {
    await this.crash();
    await this.recover(options);
  }

  #change(change: Partial<LinkConditions>, who: Who | undefined): void {
    const { links, recorder } = this.#parts;
    if (typeof who === 'object') {
      this.#hit(who);
      links.find(who.id)?.apply({ ...UNDISTURBED, ...change });
      return;
    }
    const users = who === undefined ? [...this.#conditionsOf.keys()] : [who];
    for (const user of users)
      this.#conditionsOf.set(user, { ...(this.#conditionsOf.get(user) ?? links.conditions), ...change });
    if (who === undefined) links.conditions = { ...links.conditions, ...change };
    for (const { id, user } of recorder.connections) this.#settle(id, user);
  }

  /** Applies the user's own network conditions to this link. */
  #settle(connection: string, user: string | null): void {
    const conditions = user === null ? undefined : this.#conditionsOf.get(user);
    if (conditions !== undefined) this.#parts.links.find(connection)?.apply(conditions);
  }

  #hit(who: Who | undefined): readonly TestConnection[] {
    const { connections } = this.#parts.recorder;
    if (who === undefined) return connections;
    const hit = connections.filter(({ id, user }) => (typeof who === 'string' ? user === who : id === who.id));
    if (hit.length > 0) return hit;
    const name = typeof who === 'string' ? `user "${who}"` : `connection "${who.id}"`;
    const users = connections.map(({ user }) => user ?? 'anonymous').join(', ');
    throw new Error(
      `the ${name} is not connected; connected: ${users || 'nobody'}. Wait for it with gateway.connected(user)`,
    );
  }
}

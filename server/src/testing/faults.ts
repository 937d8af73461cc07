import { ERRORS, type ErrorName } from '@sluice/protocol';
import type { GatewayRun, RestartOptions } from './gateway-run.ts';
import { type LinkConditions, UNDISTURBED } from './link.ts';
import type { Links } from './links.ts';
import type { Recorder, TestConnection } from './recorder.ts';
import type { TokenGate } from './token-gate.ts';

/** The connections that a fault affects: all of a user, or one. Absent: all connections. */
export type Who = string | TestConnection;

export interface FaultParts {
  readonly run: GatewayRun;
  readonly links: Links;
  readonly recorder: Recorder;
  readonly tokenGate: TokenGate;
}

/** First code that concerns a single command, and never closes a connection. SPEC.md section 8.2. */
const FIRST_COMMAND_CODE = 4300;

/** Faults between an application and its gateway, injected by a test. */
export class Faults {
  readonly #parts: FaultParts;
  // The conditions of users who have their own, including their future connections.
  readonly #conditionsOf = new Map<string, LinkConditions>();

  constructor(parts: FaultParts) {
    this.#parts = parts;
    parts.recorder.onArrival = (connection, user) => this.#settle(connection, user);
  }

  /** Cuts TCP connections without a close frame: the client sees the close code 1006. */
  drop(who?: Who): void {
    for (const { id } of this.#hit(who)) this.#parts.links.find(id)?.cut();
  }

  /**
   * Closes WebSockets with an entry of the error catalogue, such as `slow_reader`. The client
   * reacts as the code's range requires.
   *
   * @throws TypeError if the entry concerns single commands and closes no connection
   */
  closeWith(name: ErrorName, who?: Who): void {
    const { code } = ERRORS[name];
    if (code >= FIRST_COMMAND_CODE)
      throw new TypeError(
        `"${name}" (${code}) is the refusal of one command and never closes a connection. Choose an error that closes connections, such as slow_reader.`,
      );
    for (const { id } of this.#hit(who)) this.#parts.run.session(id)?.close(name);
  }

  /** Delays every byte by this many milliseconds of real time, in each direction. 0 ends the delay. */
  delay(milliseconds: number, who?: Who): void {
    this.#change({ delay: milliseconds }, who);
  }

  /**
   * The client stops reading: what the gateway writes piles up before the client. For a user, this
   * includes future connections.
   */
  stall(who?: Who): void {
    this.#change({ stalled: true }, who);
  }

  /**
   * The link goes silent: no bytes pass in either direction, and neither end is notified. For a
   * user, this includes future connections.
   */
  silence(who?: Who): void {
    this.#change({ stalled: true, mute: true }, who);
  }

  /** Ends `stall` and `silence`: the delayed bytes pass in order. */
  resume(who?: Who): void {
    this.#change({ stalled: false, mute: false }, who);
  }

  /**
   * The channel's next message is acknowledged and gets its offset, but is lost, together with
   * everything that the log held before. Subscribers receive a gap when the next message arrives,
   * or when they reconnect.
   */
  loseMessage(channel: string): void {
    this.#parts.run.engine.loseNext(channel);
  }

  /**
   * The next acknowledgement on the channel is confirmed to the consumer, and lost: the message is
   * delivered again after its `ackTimeout`, as after a crash. `delay` slows a consumer down, `crash`
   * ends the node.
   */
  loseAck(channel: string): void {
    this.#parts.run.engine.loseNextAck(channel);
  }

  /**
   * All tokens that the user has presented so far expire now: connections are closed with
   * `token_expired`, and only a new token is accepted.
   */
  expireToken(user: string): void {
    const connections = this.#hit(user);
    this.#parts.tokenGate.expire(user);
    for (const { id } of connections) this.#parts.run.session(id)?.close('token_expired');
  }

  /** Refuses new connections as if no process listened, until `accept`. Open connections stay open. */
  refuseConnections(): void {
    this.#parts.links.refusing = true;
  }

  /** Ends `refuseConnections`. */
  accept(): void {
    this.#parts.links.refusing = false;
  }

  /**
   * Ends the gateway as a power failure does: no client is notified. The gateway stays down until
   * `recover`.
   */
  async crash(): Promise<void> {
    this.#parts.links.refusing = true;
    this.#parts.links.cutAll();
    await this.#parts.run.end();
  }

  /**
   * Stops the gateway as an operator does: it closes its connections with `draining`. The gateway
   * stays down until `recover`.
   */
  async drain(): Promise<void> {
    await this.#parts.run.end();
    this.#parts.links.refusing = true;
  }

  /** Starts a new gateway at the same address. */
  async recover(options: RestartOptions = {}): Promise<void> {
    await this.#parts.run.begin(options);
    this.#parts.links.refusing = false;
  }

  /**
   * A crash and a recovery. With `keepLog` clients resume at their positions; without it the logs
   * begin a new epoch, and clients receive a gap.
   */
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

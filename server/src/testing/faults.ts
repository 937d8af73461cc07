import { ERRORS, type ErrorName } from '@sluice/protocol';
import type { Doorkeeper } from './doorkeeper.ts';
import type { Life, RestartOptions } from './life.ts';
import { FAIR, type Weather } from './line.ts';
import type { Lines } from './lines.ts';
import type { TestConnection, Witness } from './witness.ts';

/** Whom a fault hits: a user with all connections, or one connection. Left out: everybody. */
export type Who = string | TestConnection;

export interface FaultParts {
  readonly life: Life;
  readonly lines: Lines;
  readonly witness: Witness;
  readonly doorkeeper: Doorkeeper;
}

/** First code that concerns one command only, and never closes a connection. SPEC.md section 8.2. */
const COMMAND_CODES = 4300;

/** What can go wrong between an application and its gateway, at a test's command. */
export class Faults {
  readonly #parts: FaultParts;
  // Of users whose lines are not like everybody's; it holds for their connections to come, too.
  readonly #weatherOf = new Map<string, Weather>();

  constructor(parts: FaultParts) {
    this.#parts = parts;
    parts.witness.onArrival = (connection, user) => this.#settle(connection, user);
  }

  /** Cuts TCP connections without a goodbye: the client sees the close code 1006. */
  drop(who?: Who): void {
    for (const { id } of this.#hit(who)) this.#parts.lines.find(id)?.cut();
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
    for (const { id } of this.#hit(who)) this.#parts.life.session(id)?.close(name);
  }

  /** Every byte takes so many milliseconds of real time, in each direction. 0 ends that. */
  delay(milliseconds: number, who?: Who): void {
    this.#change({ delay: milliseconds }, who);
  }

  /** The client reads no more: what the gateway writes piles up on the way to it. Of a user, also on connections to come. */
  stall(who?: Who): void {
    this.#change({ stalled: true }, who);
  }

  /** The line goes silent: nothing passes in either direction, and nobody is told. Of a user, also on connections to come. */
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
    this.#parts.life.engine.loseNext(channel);
  }

  /** All tokens that the user has shown so far expire now: connections are closed with `token_expired`, and only a new token is accepted. */
  expireToken(user: string): void {
    const connections = this.#hit(user);
    this.#parts.doorkeeper.expire(user);
    for (const { id } of connections) this.#parts.life.session(id)?.close('token_expired');
  }

  /** New connections are turned away as if nobody listened, until `accept`; those that stand go on. */
  refuseConnections(): void {
    this.#parts.lines.refusing = true;
  }

  /** Ends `refuseConnections`. */
  accept(): void {
    this.#parts.lines.refusing = false;
  }

  /** Ends the gateway as a power cut does: nobody is told. It stays away until `recover`. */
  async crash(): Promise<void> {
    this.#parts.lines.refusing = true;
    this.#parts.lines.cutAll();
    await this.#parts.life.end();
  }

  /** Stops the gateway as an operator does: it sends its clients away with `draining`. It stays away until `recover`. */
  async drain(): Promise<void> {
    await this.#parts.life.end();
    this.#parts.lines.refusing = true;
  }

  /** Starts a gateway in the place of the one that ended, at the same address. */
  async recover(options: RestartOptions = {}): Promise<void> {
    await this.#parts.life.begin(options);
    this.#parts.lines.refusing = false;
  }

  /** A crash and a recovery. With `keepLog` clients resume where they were; without it the logs begin a new epoch, and clients hear a gap. */
  async restart(options: RestartOptions = {}): Promise<void> {
    await this.crash();
    await this.recover(options);
  }

  #change(change: Partial<Weather>, who: Who | undefined): void {
    const { lines, witness } = this.#parts;
    if (typeof who === 'object') {
      this.#hit(who);
      lines.find(who.id)?.suffer({ ...FAIR, ...change });
      return;
    }
    const users = who === undefined ? [...this.#weatherOf.keys()] : [who];
    for (const user of users) this.#weatherOf.set(user, { ...(this.#weatherOf.get(user) ?? lines.weather), ...change });
    if (who === undefined) lines.weather = { ...lines.weather, ...change };
    for (const { id, user } of witness.connections) this.#settle(id, user);
  }

  /** Where a user has a weather of their own, the line gets it. */
  #settle(connection: string, user: string | null): void {
    const weather = user === null ? undefined : this.#weatherOf.get(user);
    if (weather !== undefined) this.#parts.lines.find(connection)?.suffer(weather);
  }

  #hit(who: Who | undefined): readonly TestConnection[] {
    const { connections } = this.#parts.witness;
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

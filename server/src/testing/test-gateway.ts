import type { Json, Member, PublishResult } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { type Identity, PROGRAM } from '../auth/identity.ts';
import { mintToken } from '../auth/mint.ts';
import { SUBSCRIPTIONS } from '../channels/cursor.ts';
import { parseDuration } from '../config/values.ts';
import type { GroupStats } from '../engine/groups.ts';
import type { ConsumeFunction, ProgramConsumeOptions } from '../groups/program-delivery.ts';
import { Refusal } from '../refusal.ts';
import type { Registered } from '../session/registry.ts';
import { SluiceError } from '../sluice-error.ts';
import { type Expected, matches } from './expected.ts';
import type { Faults } from './faults.ts';
import type { GatewayRun } from './gateway-run.ts';
import type { Links } from './links.ts';
import { readMetric } from './metric.ts';
import type { ReceivedMessage, Recorder, TestConnection, WaitOptions } from './recorder.ts';
import { type TestClock, turnsEnd } from './test-clock.ts';
import type { DraftOptions, PublishAsOptions, TokenOptions } from './test-options.ts';

export interface TestGatewayParts {
  readonly port: number;
  readonly secret: string;
  readonly apiKey: string;
  readonly clock: TestClock;
  readonly faults: Faults;
  readonly run: GatewayRun;
  readonly links: Links;
  readonly recorder: Recorder;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * A real gateway for tests, on a free port of this machine. The test controls its time and its
 * faults.
 */
export class TestGateway implements AsyncDisposable {
  /** The WebSocket URL: the client's `url`. */
  readonly url: string;
  /** The HTTP URL: health, metrics, the API for backends. */
  readonly httpUrl: string;
  readonly port: number;
  /** A key for the HTTP API: `Authorization: Bearer …`. */
  readonly apiKey: string;
  /** The secret that signs tokens, HS256: for an application's own backend under test. */
  readonly secret: string;
  readonly clock: TestClock;
  readonly faults: Faults;
  readonly #parts: TestGatewayParts;

  constructor(parts: TestGatewayParts) {
    this.#parts = parts;
    this.port = parts.port;
    this.url = `ws://127.0.0.1:${parts.port}/ws`;
    this.httpUrl = `http://127.0.0.1:${parts.port}`;
    this.secret = parts.secret;
    this.apiKey = parts.apiKey;
    this.clock = parts.clock;
    this.faults = parts.faults;
  }

  // Users -----------------------------------------------------------------------------------------------------------

  /**
   * Creates a token for a user. Each token is different.
   *
   * @throws TypeError if `expiresIn` is not a duration
   */
  token(user: string, options: TokenOptions = {}): Promise<string> {
    const { caps, role, info, claims, expiresIn = HOUR } = options;
    const lifetime = typeof expiresIn === 'number' ? expiresIn : parseDuration(expiresIn);
    if (lifetime === null)
      throw new TypeError(`expiresIn: "${expiresIn}" is not a duration; write milliseconds, or "10m"`);
    return mintToken({
      secret: this.secret,
      algorithm: 'HS256',
      sub: user,
      ...(caps === undefined ? {} : { caps }),
      claims: {
        jti: nanoid(),
        ...(role === undefined ? {} : { role }),
        ...(info === undefined ? {} : { info }),
        ...claims,
      },
      expiresIn: lifetime,
      clock: () => this.clock.now(),
    });
  }

  // Publishing ------------------------------------------------------------------------------------------------------

  /**
   * Publishes as a backend: permissions do not apply, the rule's limits do.
   *
   * @returns the position of the message, once it has been written to the subscribers' sockets
   * @throws SluiceError with a name of the catalogue
   */
  async publish(channel: string, data: unknown, options: DraftOptions = {}): Promise<PublishResult> {
    const result = await this.#parts.run.gateway.publish(channel, data as Json, options);
    await turnsEnd();
    return result;
  }

  /**
   * Publishes as a user who need not be connected: with the rule's permissions, and with `from` if
   * the rule names publishers.
   *
   * @returns the position of the message, once it has been written to the subscribers' sockets
   * @throws SluiceError with a name of the catalogue, such as `permission_denied`
   */
  async publishAs(
    user: string,
    channel: string,
    data: unknown,
    options: PublishAsOptions = {},
  ): Promise<PublishResult> {
    const { token, ...draft } = options;
    const { verifier, door } = this.#parts.run.services;
    const verification = await verifier.verify(await this.token(user, token));
    if (!verification.ok) throw new SluiceError(verification.error, verification.message);
    const by = verification.identity;
    const outcome = await door.publish({ channel, draft: { ...draft, data }, by, allowance: null });
    if (outcome instanceof Refusal) throw new SluiceError(outcome.error, outcome.detail, outcome.body);
    await turnsEnd();
    return outcome;
  }

  // Queues and consumer groups
  // ------------------------------------------------------------------------------------------

  /**
   * Consumes a queue or a group with a function of the test. See `Gateway.consume`.
   *
   * @returns a function that stops, once everything that it has received is settled
   */
  consume(channel: string, handler: ConsumeFunction, options: ProgramConsumeOptions = {}): () => Promise<void> {
    return this.#parts.run.gateway.consume(channel, handler, options);
  }

  /** The numbers of a group; without a name those of the channel's only group, such as that of a queue. */
  async groupStats(channel: string, name?: string): Promise<GroupStats> {
    const { engine, services } = this.#parts.run;
    const target = services.groups?.find(channel, PROGRAM, name) ?? new Refusal('group_unknown');
    if (target instanceof Refusal) throw new SluiceError(target.error, target.detail);
    return engine.groups.stats(target.ref, target.rule.delivery);
  }

  // State
  // ----------------------------------------------------------------------------------------------------------

  /** The users who are connected and have authenticated. */
  get connections(): readonly TestConnection[] {
    return this.#parts.recorder.connections;
  }

  /** The members of a channel, in the order in which they entered. */
  members(channel: string): readonly Member[] {
    return this.#parts.run.engine.members(channel);
  }

  /** Everything that was published to a channel since the start, by users and backends. */
  messages(channel: string): readonly ReceivedMessage[] {
    return this.#parts.recorder.received(channel);
  }

  /** The connections that are subscribed to a channel. */
  subscribers(channel: string): readonly TestConnection[] {
    return this.connections.filter(({ channels }) => channels.includes(channel));
  }

  /**
   * Has a user been sent everything in a channel? Then all the user's subscriptions to it are at
   * the head of the log.
   */
  isLive(user: string, channel: string): boolean {
    const states = this.#states(user, channel);
    return states.length > 0 && states.every((state) => state === 'live');
  }

  /** The first matching message that a channel has received; without `expected`, the first of all. */
  find(channel: string, expected: Expected = {}): ReceivedMessage | undefined {
    return this.messages(channel).find((message) => matches(expected, message));
  }

  /** The metrics page, in Prometheus's text format. */
  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#parts.links.target}/metrics`)).text();
  }

  /**
   * The value of one metric, such as `sluice_connections`.
   *
   * @throws Error if the metric does not exist
   */
  async metric(name: string): Promise<number> {
    return readMetric(await this.metrics(), name);
  }

  // Waiting ---------------------------------------------------------------------------------------------------------

  /** Waits until a user is connected. */
  connected(user: string, options?: WaitOptions): Promise<TestConnection> {
    const find = () => this.connections.findLast((connection) => connection.user === user);
    return this.#until(find, () => `user "${user}" is not connected; connected: ${this.#users()}`, options);
  }

  /** Waits until a user has no connection. */
  async disconnected(user: string, options?: WaitOptions): Promise<void> {
    const gone = () => (this.connections.some((connection) => connection.user === user) ? undefined : true);
    await this.#until(gone, () => `user "${user}" is still connected`, options);
  }

  /**
   * Waits until all of a user's connections have tokens that they need not renew yet: use it after
   * the clock has advanced past their renewal.
   */
  async renewed(user: string, options?: WaitOptions): Promise<void> {
    const done = () =>
      this.#sessions(user).every(({ identity }) => !isExpiring(identity, this.clock.now())) ? true : undefined;
    await this.#until(done, () => `user "${user}" has not renewed the token`, options);
  }

  /** Waits until a user is subscribed to a channel. */
  subscribed(user: string, channel: string, options?: WaitOptions): Promise<TestConnection> {
    const find = () => this.subscribers(channel).find((connection) => connection.user === user);
    const complain = () => {
      const users = this.subscribers(channel).map((connection) => connection.user ?? 'anonymous');
      return `user "${user}" is not subscribed to "${channel}"; subscribed: ${users.join(', ') || 'nobody'}; connected: ${this.#users()}`;
    };
    return this.#until(find, complain, options);
  }

  /** Waits until a user has been sent everything in a channel: see `isLive`. */
  async live(user: string, channel: string, options?: WaitOptions): Promise<void> {
    const isLive = () => (this.isLive(user, channel) ? true : undefined);
    const complain = () =>
      `user "${user}" is not live on "${channel}": ${this.#states(user, channel).join(', ') || 'not subscribed'}; connected: ${this.#users()}`;
    await this.#until(isLive, complain, options);
  }

  /**
   * Waits until the gateway has received a matching message for a channel; without `expected`, any
   * message.
   */
  received(channel: string, expected?: Expected, options?: WaitOptions): Promise<ReceivedMessage> {
    const find = () => this.find(channel, expected);
    const complain = () => `"${channel}" has received no matching message; ${this.#summary(channel)}`;
    return this.#until(find, complain, options);
  }

  /** Waits until a user is a member of a channel. */
  entered(user: string, channel: string, options?: WaitOptions): Promise<Member> {
    const find = () => this.members(channel).find((member) => member.user === user);
    return this.#until(
      find,
      () => `user "${user}" is not a member of "${channel}"; ${this.#present(channel)}`,
      options,
    );
  }

  /** Waits until a user is not a member of a channel. */
  async left(user: string, channel: string, options?: WaitOptions): Promise<void> {
    const gone = () => (this.members(channel).some((member) => member.user === user) ? undefined : true);
    await this.#until(
      gone,
      () => `user "${user}" is still a member of "${channel}"; ${this.#present(channel)}`,
      options,
    );
  }

  /**
   * Waits until a condition of this gateway is true. It is checked after every event of the
   * gateway.
   *
   * @param what describes the condition in the error: "three people are connected"
   */
  async until(what: string, isTrue: () => boolean, options?: WaitOptions): Promise<void> {
    await this.#until(
      () => (isTrue() ? true : undefined),
      () => `the condition did not become true: ${what}`,
      options,
    );
  }

  // End
  // -------------------------------------------------------------------------------------------------------------

  /** Closes all connections and stops. Calling it again does nothing. */
  async close(): Promise<void> {
    const { links, run, recorder, clock } = this.#parts;
    await links.close();
    await run.end();
    recorder.close();
    clock.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #until<T>(look: () => T | undefined, complain: () => string, options?: WaitOptions): Promise<T> {
    return this.#parts.recorder.until(look, complain, options);
  }

  #sessions(user: string): readonly Registered[] {
    return this.#parts.run.services.registry.all().filter(({ identity }) => identity.user === user);
  }

  #states(user: string, channel: string): readonly string[] {
    return this.#sessions(user)
      .flatMap(({ standings }) => [...standings.of(SUBSCRIPTIONS).values()])
      .filter(({ channelName }) => channelName === channel)
      .map(({ state }) => state);
  }

  #users(): string {
    return this.connections.map(({ user }) => user ?? 'anonymous').join(', ') || 'nobody';
  }

  #present(channel: string): string {
    return `members: ${
      this.members(channel)
        .map(({ user }) => user)
        .join(', ') || 'nobody'
    }`;
  }

  #summary(channel: string): string {
    const messages = this.messages(channel);
    if (messages.length === 0) return 'it has received none';
    const links = messages
      .slice(-5)
      .map(({ from = 'a backend', data }) => `${from}: ${JSON.stringify(data).slice(0, 200)}`);
    return `it has received ${messages.length}, the last of them:\n  ${links.join('\n  ')}`;
  }
}

/**
 * Does the client have to request a new token now? As in the gateway: in the last fifth of the
 * token's lifetime, at most a minute before its end.
 */
function isExpiring({ expiresAt, issuedAt = 0 }: Identity, now: number): boolean {
  return expiresAt !== undefined && expiresAt - now <= Math.min(MINUTE, (expiresAt - issuedAt) / 5);
}

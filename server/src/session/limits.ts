import { type Allowance, type LimitedRule, PublishAllowance } from '../channels/publish-allowance.ts';
import { Refusal } from '../refusal.ts';
import type { Rate } from '../rule.ts';
import type { Clock } from '../util/clock.ts';
import { TokenBucket } from '../util/token-bucket.ts';
import { RefreshLimit } from './refresh-limit.ts';

/** A client that was refused so often in a row, without ever waiting, is closed. */
const MOST_VIOLATIONS = 200;

// What one command pays for, SPEC.md section 10: at 200 a second one connection keeps a core busy
// for less than a tenth of the time. `npm run bench -- flood` measures it.
/** Bytes of a page of history or of members, or of a list of members. */
const PAGE = 8_192;
/** What is read from the log for a subscription: messages, and bytes of them. */
const REPLAYED_MESSAGES = 512;
const REPLAYED_BYTES = 131_072;

/** The search for the first message of a time. */
const SEARCH = 0.25;

/** Commands of one connection that are carried out in one turn at least: a fraction of a millisecond's work. */
export const QUOTA = 16;
/** Turns in which a second's worth of commands may be carried out. */
const TURNS = 100;

export interface RateSettings {
  /** Commands. `null`: unlimited. */
  readonly operations: Rate | null;
  /** Bytes of frames. `null`: unlimited. */
  readonly bytes: Rate | null;
}

/**
 * How much one connection may send: token buckets for commands and bytes, and for publishing under
 * each rule. SPEC.md section 10.
 *
 * What is refused takes nothing out of the bucket that refuses it.
 */
export class ConnectionLimits implements Allowance {
  /**
   * How many commands of this connection one turn of the event loop carries out; the rest waits for
   * the next. So a burst that is allowed keeps nobody else waiting. Without a limit it is trusted,
   * and large turns are the cheapest.
   */
  readonly quota: number;
  readonly #operations: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  #publishing: PublishAllowance | undefined;
  #refreshes: RefreshLimit | undefined;
  #violations = 0;

  constructor({ operations, bytes }: RateSettings, now: number) {
    this.quota = operations === null ? Number.POSITIVE_INFINITY : Math.max(QUOTA, operations.perSecond / TURNS);
    this.#operations = operations === null ? undefined : new TokenBucket(operations, now);
    this.#bytes = bytes === null ? undefined : new TokenBucket(bytes, now);
  }

  /** Takes a frame, once for all the commands in it. */
  takeFrame(bytes: number, clock: Clock): Refusal | null {
    return refusal(this.#bytes?.take(bytes, clock.monotonic()) ?? 0, 'this connection sends too many bytes');
  }

  takeCommand(clock: Clock): Refusal | null {
    return refusal(this.#operations?.take(1, clock.monotonic()) ?? 0, 'this connection sends too many commands');
  }

  /** Has work paid for that turned out to be more than one command's: the commands that follow wait for it. */
  charge(commands: number, clock: Clock): void {
    this.#operations?.charge(commands, clock.monotonic());
  }

  /** Has a page paid for, or a list of members: the first 8 KiB are in the price of the command that asked for it. */
  chargePage(bytes: number, clock: Clock): void {
    if (bytes >= PAGE) this.charge(Math.floor(bytes / PAGE), clock);
  }

  /** Has the search for a time in the log paid for. */
  chargeSearch(clock: Clock): void {
    this.charge(SEARCH, clock);
  }

  /** Has messages paid for that a subscription asked for from the log. */
  chargeReplay(messages: number, bytes: number, clock: Clock): void {
    this.charge(messages / REPLAYED_MESSAGES + bytes / REPLAYED_BYTES, clock);
  }

  /** Milliseconds until everything has been paid for. */
  debt(clock: Clock): number {
    return this.#operations?.debt(clock.monotonic()) ?? 0;
  }

  /** Takes a refresh, which lasts until `endRefresh`; a refusal counts as a violation. */
  beginRefresh(clock: Clock): Refusal | null {
    this.#refreshes ??= new RefreshLimit(clock);
    const over = this.#refreshes.begin(clock);
    if (over !== null) this.countViolation();
    return over;
  }

  endRefresh(): void {
    this.#refreshes?.end();
  }

  /** Takes a publish under a rule that limits publishes; a refusal counts as a violation. */
  takePublish(rule: LimitedRule, channel: string, now: number): Refusal | null {
    if (rule.rate === null) return null;
    this.#publishing ??= new PublishAllowance('connection');
    const over = this.#publishing.takePublish(rule, channel, now);
    if (over !== null) this.countViolation();
    return over;
  }

  /** A command was refused. */
  countViolation(): void {
    this.#violations++;
  }

  /** Refusals in a row. */
  get violations(): number {
    return this.#violations;
  }

  /** A command was not refused: the row ends. */
  resetViolations(): void {
    this.#violations = 0;
  }

  /** Does the client go on and on above its limits? */
  get exhausted(): boolean {
    return this.#violations >= MOST_VIOLATIONS;
  }
}

function refusal(wait: number, detail: string): Refusal | null {
  return wait === 0 ? null : new Refusal('rate_limited', `${detail}; wait ${wait} ms`, wait);
}

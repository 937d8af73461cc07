import { type GapReason, type Message, matches, type Position } from '@sluice/protocol';
import { EngineUnavailable, type Log, type Page } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { EventBus } from '../events.ts';
import type { Rule } from '../rule.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Turn } from '../util/turn.ts';
import { prefixOf, viewOf } from './audience.ts';
import { ENGINE_RETRY, LOW_WATER, REPLAY_FRAME_BYTES } from './budgets.ts';
import { type Cursor, SUBSCRIPTIONS } from './cursor.ts';
import { Expiry } from './expiry.ts';
import { PROGRESS_INTERVAL } from './filters/progress-schedule.ts';
import { joinFrames } from './frames.ts';
import type { Subscriber } from './subscriber.ts';

/** Messages that one read of the log asks for: more if the whole page before could be sent at once. */
const PAGES = [2, 8, 32, 128] as const;
/** Messages that all replays together send in one turn, so that turns stay short. */
const TURN_BUDGET = 4_096;

/** Milliseconds that a connection in debt waits at least: after them it may receive enough to be worth a turn. */
const PAUSE = 100;

export interface ReplayerOptions {
  readonly log: Log;
  readonly events: EventBus;
  readonly turn: Turn;
  readonly clock: Clock;
  /** Default: of the same clock. */
  readonly expiry?: Expiry;
}

/**
 * Feeds replaying cursors from the log, each connection at the rate at which it drains, and turns
 * them live at the head. The only way besides fan-out by which a message reaches a subscriber.
 */
export class Replayer {
  readonly #log: Log;
  readonly #events: EventBus;
  readonly #turn: Turn;
  readonly #clock: Clock;
  /** Connections with replaying cursors and room for more. The others come back by `wake`. */
  readonly #ready = new Set<Subscriber>();
  /** Connections whose log could not be read. */
  readonly #failed = new Set<Subscriber>();
  #retry: Timer | undefined;
  /** Connections that asked for more from the log than their rate allows. */
  readonly #indebted = new Map<Subscriber, Timer>();
  readonly #expiry: Expiry;
  #budget = 0;

  constructor({ log, events, turn, clock, expiry = new Expiry(clock) }: ReplayerOptions) {
    this.#log = log;
    this.#events = events;
    this.#turn = turn;
    this.#clock = clock;
    this.#expiry = expiry;
  }

  /** The subscriber has a replaying cursor, or room for more: it is served at the end of this turn. */
  wake(subscriber: Subscriber): void {
    this.#ready.add(subscriber);
    this.#turn.schedule();
  }

  /** The engine does not answer: the cursor keeps its position until it does. */
  #wakeLater(subscriber: Subscriber): void {
    this.#failed.add(subscriber);
    this.#retry ??= this.#clock.after(ENGINE_RETRY, () => {
      this.#retry = undefined;
      for (const waiting of this.#failed) this.wake(waiting);
      this.#failed.clear();
    });
  }

  /** The connections that it may have to serve. Those that read too slowly are not among them. */
  get waiting(): Iterable<Subscriber> {
    return [...this.#ready, ...this.#failed, ...this.#indebted.keys()];
  }

  /** The connection has closed. */
  forget(subscriber: Subscriber): void {
    this.#ready.delete(subscriber);
    this.#failed.delete(subscriber);
    this.#indebted.get(subscriber)?.cancel();
    this.#indebted.delete(subscriber);
  }

  #wakeIn(subscriber: Subscriber, wait: number): void {
    const wake = () => {
      this.#indebted.delete(subscriber);
      this.wake(subscriber);
    };
    if (!this.#indebted.has(subscriber)) this.#indebted.set(subscriber, this.#clock.after(wait, wake));
  }

  /** Serves the connections that wait, one after the other, until the budget of this turn is spent. */
  run(): void {
    this.#budget = TURN_BUDGET;
    for (const subscriber of this.#ready) {
      if (this.#budget <= 0) break;
      this.#ready.delete(subscriber);
      if (this.#serve(subscriber)) this.#ready.add(subscriber); // at the end of the line
    }
    if (this.#ready.size > 0) this.#turn.schedule();
  }

  /** Sends one page to each replaying cursor of a connection. Returns whether more can be done at once. */
  #serve(subscriber: Subscriber): boolean {
    let more = false;
    for (const cursor of subscriber.standings.of(SUBSCRIPTIONS).values()) {
      if (cursor.state !== 'replaying' || cursor.reading) continue;
      if (!hasRoom(subscriber)) return false; // `wake` comes with the drain
      if (this.#budget <= 0) return true;
      if (cursor.asked && this.#mustPay(subscriber)) continue;
      this.#step(cursor);
      more ||= cursor.state === 'replaying' && !cursor.reading;
    }
    return more && hasRoom(subscriber);
  }

  /** However much a client asks for from the log, it must not keep the gateway busy. SPEC.md section 10. */
  #mustPay(subscriber: Subscriber): boolean {
    const { debt } = subscriber;
    if (debt > 0) this.#wakeIn(subscriber, Math.max(debt, PAUSE));
    return debt > 0;
  }

  #step(cursor: Cursor): void {
    this.#budget--;
    if (cursor.skip !== undefined && !this.#skipAhead(cursor)) return;
    if (cursor.atHead && !cursor.ahead) {
      this.#turnLive(cursor);
      return;
    }
    const { epoch } = cursor.channel;
    const page = this.#log.read(cursor.channel.name, cursor.offset, PAGES[cursor.pageStep] ?? 1);
    if (!(page instanceof Promise)) {
      this.#apply(cursor, page, epoch);
      return;
    }
    cursor.reading = true;
    page.then(
      (arrived) => {
        cursor.reading = false;
        this.#apply(cursor, arrived, epoch);
        this.wake(cursor.subscriber);
      },
      (error: unknown) => {
        cursor.reading = false;
        // An engine that does not answer is not a fault of the gateway.
        if (!(error instanceof EngineUnavailable))
          this.#events.emit('fault', { where: 'replay: reading the log', error });
        this.#wakeLater(cursor.subscriber);
      },
    );
  }

  /**
   * Sends the messages of a page, after a gap if the log does not continue at the cursor.
   *
   * @param known the channel's epoch when the page was asked for
   */
  #apply(cursor: Cursor, page: Page, known: string): void {
    if (cursor.state !== 'replaying') return;
    const { channel } = cursor;
    if (page.epoch !== channel.epoch) {
      if (known !== channel.epoch) return; // asked for before another epoch was announced: read again
      cursor.host.renewed(channel, page);
    }
    if (page.epoch !== cursor.epoch || cursor.offset > page.head) {
      this.#gap(cursor, { epoch: page.epoch, offset: page.first - 1 }, 'epoch_changed');
      return; // the page was read at an offset of another epoch: read again
    }
    if (page.first > cursor.offset + 1) {
      const reason = reasonFor(channel, page, cursor.offset);
      this.#gap(cursor, { epoch: page.epoch, offset: page.first - 1 }, reason);
    }
    this.#send(cursor, page);
    cursor.reportProgress(this.#clock, PROGRESS_INTERVAL);
    // The topic's frames would overtake frames that wait for room: then the cursor turns live after the drain.
    if (cursor.atHead && !cursor.subscriber.connection.congested) this.#turnLive(cursor);
  }

  #send(cursor: Cursor, page: Page): void {
    const { channel, subscriber, variant, offset } = cursor;
    // What is newer than `sent` goes out by the next fan-out.
    const read = page.messages.filter((message) => message.offset > offset && message.offset <= channel.sent);
    const messages = this.#wanted(cursor, read);
    const { told } = cursor;
    const isWhole = variant.filter === undefined && told === offset && messages === read;
    const after = isWhole ? undefined : told;
    const prefix = prefixOf(variant, subscriber.wire, { channel: channel.name, epoch: page.epoch, after });
    let sent = 0;
    for (const { bytes, last } of joinFrames(subscriber.wire, { prefix, messages, variant }, REPLAY_FRAME_BYTES)) {
      subscriber.sendFrame(bytes);
      sent += bytes.byteLength;
      cursor.sentTo(last);
      if (!hasRoom(subscriber)) break; // the rest is read again after the drain
    }
    if (cursor.offset >= (messages.at(-1)?.offset ?? 0)) cursor.passTo(read.at(-1)?.offset ?? 0);
    const count = cursor.offset - offset;
    this.#budget -= count;
    if (cursor.asked) subscriber.chargeReplay(count, sent);
    adapt(cursor, count, page.messages.length);
    if (sent === 0) return;
    const matched = messages === read ? count : messages.filter((message) => message.offset <= cursor.offset).length;
    this.#events.emit('replayed', {
      connection: subscriber.connection.id,
      channel: channel.name,
      rule: channel.rule.pattern.source,
      after: offset,
      offset: cursor.offset,
      messages: matched,
      bytes: sent,
    });
  }

  /** The messages that the cursor's subscriber receives. */
  #wanted({ variant: { filter }, channel }: Cursor, read: readonly LoggedMessage[]): readonly LoggedMessage[] {
    const current = this.#expiry.current(read);
    return filter === undefined
      ? current
      : current.filter(({ message }) => matches(filter.conditions, message, channel.name));
  }

  #turnLive(cursor: Cursor): void {
    cursor.reportProgress(this.#clock, 0);
    cursor.subscriber.push({ type: 'live', ...cursor.subject });
    cursor.goLive();
  }

  /**
   * Skips to the head, as the rule chooses for slow readers, with the latest messages if the rule
   * keeps them. SPEC.md section 7.
   *
   * @returns whether the reader has room for more; otherwise it continues after the drain, and
   *   skips again
   */
  #skipAhead(cursor: Cursor): boolean {
    const { channel, subscriber, variant, epoch, offset, skip } = cursor;
    if (epoch !== channel.epoch || channel.sent <= offset) return true;
    const kept = skip === 'latest' ? channel.latest?.between(offset, channel.sent) : undefined;
    const latest = kept && this.#wanted(cursor, kept).map((message) => viewOf(variant, message).message);
    this.#gap(cursor, { epoch, offset: channel.sent }, 'slow_reader', latest);
    this.#budget -= latest?.length ?? 0;
    if (latest !== undefined) subscriber.release();
    return hasRoom(subscriber);
  }

  #gap(cursor: Cursor, to: Position, reason: GapReason, latest?: readonly Message[]): void {
    const { channel, subscriber, epoch, told } = cursor;
    const from = { epoch, offset: told };
    const gap = { type: 'gap', ...cursor.subject, from, to, reason } as const;
    subscriber.push(latest === undefined ? gap : { ...gap, latest });
    cursor.jumpTo(to);
    this.#events.emit('gap', {
      connection: subscriber.connection.id,
      channel: channel.name,
      rule: channel.rule.pattern.source,
      sub: cursor.variant.sub,
      from,
      to,
      reason,
      policy: channel.rule.slow,
      latest: latest?.length ?? 0,
    });
  }
}

/** Why the log no longer has the messages after an offset. */
function reasonFor({ rule }: { readonly rule: Rule }, { purged = 0 }: Page, offset: number): GapReason {
  if (offset < purged) return 'purged';
  return rule.history === null ? 'no_history' : 'retention';
}

/** Messages that were read and could not be sent are read again, so the next page is smaller if messages are large. */
function adapt(cursor: Cursor, sent: number, read: number): void {
  const size = PAGES[cursor.pageStep] ?? 1;
  if (sent === size && hasRoom(cursor.subscriber) && cursor.pageStep < PAGES.length - 1) cursor.pageStep++;
  else if (sent < read / 2 && cursor.pageStep > 0) cursor.pageStep--;
}

/** Does the connection accept more than replies now? */
const hasRoom = ({ connection }: Subscriber): boolean => connection.hasRoom(LOW_WATER);

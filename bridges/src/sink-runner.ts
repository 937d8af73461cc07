import type {
  Bridge,
  BridgeHost,
  OnWait,
  OutboundBatch,
  OutboundBridge,
  OutboundFeed,
  OutboundGap,
} from '@sluice/server/bridging';
import { Backoff } from './backoff.ts';
import { ConfirmTimer } from './confirm-timer.ts';
import { failureOf } from './connection.ts';
import { Grace } from './grace.ts';
import { keepConnected } from './keep-connected.ts';
import { pause } from './pause.ts';
import { SendWindow, type SendWindowLimits } from './send-window.ts';
import type { OpenSink, Route, Sink } from './sink.ts';
import { type RefusedRecord, SinkBatch } from './sink-batch.ts';
import { SlowStart } from './slow-start.ts';
import { TooLarge } from './too-large.ts';
import { Unroutable } from './unroutable.ts';

/** Bytes of the bodies of messages that are sent and not acknowledged. */
const MOST_BYTES = 16_777_216;

export interface SinkRunnerParts {
  readonly config: OutboundBridge;
  readonly host: BridgeHost;
  readonly sink: Sink;
}

/** The number of batches that are in flight to a sink that overlaps: the broker has the next one when it confirms one. */
const OVERLAPPING = 4;

/** How often a record is sent that stands for messages and that nothing accepts: a queue may be missing for some seconds. */
const ATTEMPTS = 5;

/** Where a gap goes at first: as a message without event and tags. */
const NOWHERE: Route = { event: undefined, tags: {} };

/** What one connection uses. */
interface Connected {
  readonly open: OpenSink;
  readonly feed: OutboundFeed;
  readonly window: SendWindow;
  readonly timer: ConfirmTimer;
}

/** When a bridge ends. */
interface Signals {
  /** It sends nothing new. */
  readonly stop: AbortSignal;
  /** It no longer waits for what it has sent. */
  readonly over: AbortSignal;
}

/** For a bridge that no other node runs. */
const NEVER = new AbortController().signal;

/** Of a message in its channel. */
type Position = OutboundGap['from'];

/** What became of a batch, or of its beginning. */
interface Acknowledged {
  readonly gaps: readonly OutboundGap[];
  /** Their number. */
  readonly messages: number;
  readonly dead: ReadonlyMap<number, RefusedRecord>;
  /** The number of messages for which the list of dead letters had no room. */
  readonly lost: number;
}

/**
 * Sends a channel to a broker: take the next messages, send them in order, and acknowledge them once
 * the broker has confirmed all of them. After a failure it begins again at the first message that was
 * not confirmed: the log is the buffer. A message that is too large for the broker becomes a dead
 * letter, and a small record is sent in its place.
 */
export class SinkRunner implements Bridge {
  readonly #parts: SinkRunnerParts;
  readonly #backoff: Backoff;
  readonly #pace: SlowStart;
  /** Records that the broker will never accept, by id. Until they are acknowledged. */
  readonly #refused = new Map<string, RefusedRecord>();
  /** How often nothing accepted a record that stands for messages, by id. */
  readonly #attempts = new Map<string, number>();
  /** Ids of records that the broker has confirmed, and that are not acknowledged: see `Sink.skipsConfirmed`. */
  readonly #confirmed = new Set<string>();
  /** Of the latest message. */
  #route = NOWHERE;
  /** The end of what was sent, and of what was acknowledged: messages and gaps. They outlive a lost log. */
  #sentUpTo: Position | undefined;
  #acknowledgedUpTo: Position | undefined;

  constructor(parts: SinkRunnerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.host.random);
    this.#pace = new SlowStart(parts.config.inFlight);
  }

  async run(stop: AbortSignal, lost: AbortSignal = NEVER): Promise<void> {
    const { host, sink } = this.#parts;
    this.#refused.clear();
    this.#attempts.clear();
    this.#confirmed.clear();
    const grace = new Grace({ clock: host.clock, stop, lost });
    const use = (open: OpenSink) => this.#send(open, { stop, over: grace.over });
    try {
      await keepConnected({ host, backoff: this.#backoff, open: () => sink.open(), use, cut: grace.over }, stop);
    } finally {
      grace.close();
    }
  }

  /** A feed ends if the engine does not answer. That is no failure of the broker. */
  async #send(open: OpenSink, signals: Signals): Promise<void> {
    const { host } = this.#parts;
    while (!signals.stop.aborted) {
      const reason = await this.#useFeed(open, signals);
      if (signals.stop.aborted) return;
      host.moved('holding', reason);
      await pause(host.clock, this.#backoff.next(), signals.stop);
    }
  }

  /** Returns why the feed has ended. Rejects if the connection has. */
  async #useFeed(open: OpenSink, { stop, over }: Signals): Promise<string> {
    const { host } = this.#parts;
    const onWait: OnWait = (reason) => host.moved(reason === undefined ? 'running' : 'holding', reason);
    const feed = await host.openFeed(onWait).catch(failureOf);
    if (typeof feed === 'string') return feed;
    this.#sentUpTo = this.#acknowledgedUpTo;
    const window = new SendWindow(() => this.#limits);
    const timer = new ConfirmTimer({ clock: host.clock, why: () => open.held });
    const finish = () => feed.finish();
    const close = () => {
      feed.close();
      timer.end(over.reason);
    };
    const lose = () => window.lose(open.lost?.reason);
    stop.addEventListener('abort', finish);
    over.addEventListener('abort', close);
    open.lost?.addEventListener('abort', lose);
    try {
      if (stop.aborted) finish();
      if (open.lost?.aborted) lose();
      host.moved('running');
      const reason = await this.#sendAll({ open, feed, window, timer });
      await window.done();
      return reason;
    } finally {
      stop.removeEventListener('abort', finish);
      over.removeEventListener('abort', close);
      open.lost?.removeEventListener('abort', lose);
      feed.close();
    }
  }

  async #sendAll(connected: Connected): Promise<string> {
    let reason: string | undefined;
    while (reason === undefined) reason = await this.#sendNext(connected);
    return reason;
  }

  get #limits(): SendWindowLimits {
    const { now: most } = this.#pace;
    const parts = this.#parts.sink.overlaps === true ? OVERLAPPING : 1;
    return { most, batch: Math.ceil(most / parts), mostBytes: MOST_BYTES, batchBytes: MOST_BYTES / parts };
  }

  /** Returns why the feed has ended; `undefined`: it has not. */
  async #sendNext({ open, feed, window, timer }: Connected): Promise<string | undefined> {
    await window.room();
    const { batch: most, batchBytes } = this.#limits;
    const next = await window.orFail(feed.next(most, batchBytes).catch(failureOf));
    if (typeof next === 'string') return next;
    if (next.gaps.length + next.messages.length === 0) return 'the consumer group of the bridge is gone';
    const batch = this.#batchOf(next);
    window.add({
      count: batch.length,
      bytes: batch.bytes,
      confirmed: this.#deliver(open, batch, timer),
      acknowledge: () => this.#acknowledge(feed, batch),
      failed: () => this.#failed(feed, batch),
    });
    // A sink that refuses a batch at once gets nothing behind it.
    if (this.#parts.sink.overlaps === true) await new Promise(setImmediate);
    return undefined;
  }

  #batchOf(next: OutboundBatch): SinkBatch {
    const { config, sink, host } = this.#parts;
    const lost = this.#lostLog(next);
    const gaps = lost === undefined ? next.gaps : [lost];
    const batch = new SinkBatch(
      { ...next, gaps, found: gaps.length - next.gaps.length },
      {
        ...{ bridge: config, origin: host.origin(), prefix: sink.attributePrefix, now: host.clock.now() },
        ...{ refused: this.#refused, confirmed: this.#confirmed, route: this.#route },
      },
    );
    this.#sentUpTo = batch.position(batch.length) ?? this.#sentUpTo;
    return batch;
  }

  /** The group of the bridge reports what the log has lost, unless it was lost with the log. */
  #lostLog({ gaps, messages: [next] }: OutboundBatch): OutboundGap | undefined {
    const from = this.#sentUpTo;
    const isNew = gaps.length === 0 && next?.message.offset === 1;
    if (!isNew || from === undefined || from.epoch === next.epoch) return undefined;
    return { reason: 'epoch_changed', from, to: { epoch: next.epoch, offset: 0 } };
  }

  /** What comes behind is sent again: a message at a time, so that little of it is sent too often. */
  async #failed(feed: OutboundFeed, batch: SinkBatch): Promise<void> {
    this.#pace.failed();
    if (batch.done > 0) await this.#acknowledge(feed, batch, batch.done);
  }

  async #acknowledge(feed: OutboundFeed, batch: SinkBatch, first = batch.length): Promise<void> {
    const dead = batch.dead(first);
    const details = new Map([...dead].map(([offset, { detail }]) => [offset, detail]));
    const lost = await this.#acknowledgeFirst(feed, { details, first, batch });
    this.#acknowledgedUpTo = batch.position(first) ?? this.#acknowledgedUpTo;
    this.#backoff.reset();
    if (first === batch.length) this.#pace.acknowledged(first);
    this.#route = batch.route(first) ?? this.#route;
    this.#forget(batch, first);
    this.#count({ gaps: batch.gaps.slice(0, first), messages: batch.messages(first), dead, lost });
  }

  /** The feed does not know of gaps that the bridge has found. */
  async #acknowledgeFirst(
    feed: OutboundFeed,
    { details, first, batch }: { details: ReadonlyMap<number, string>; first: number; batch: SinkBatch },
  ): Promise<number> {
    if (first === batch.length) return feed.acknowledge(details);
    const known = first - batch.found;
    return known > 0 ? feed.acknowledge(details, known) : 0;
  }

  #count({ gaps, messages, dead, lost }: Acknowledged): void {
    const { host } = this.#parts;
    const [gap] = gaps;
    const [letter] = dead;
    if (gap !== undefined) host.count('gap', gaps.length, inWords(gap));
    if (messages > dead.size) host.count('sent', messages - dead.size);
    if (letter === undefined) return;
    const [offset, { reason, detail }] = letter;
    const why = `offset ${offset} is ${reason.replace('_', ' ')}: ${detail}`;
    if (dead.size > lost) host.count('dead_lettered', dead.size - lost, why);
    if (lost === 0) return;
    host.count('lost', lost, `the list of dead letters is full. Redrive or purge it; of ${dead.size} messages, ${why}`);
  }

  #forget(batch: SinkBatch, first: number): void {
    if (this.#refused.size + this.#attempts.size + this.#confirmed.size === 0) return;
    for (const id of batch.ids(first)) {
      this.#refused.delete(id);
      this.#attempts.delete(id);
      this.#confirmed.delete(id);
    }
  }

  async #deliver(open: OpenSink, batch: SinkBatch, timer: ConfirmTimer): Promise<void> {
    const { records } = batch;
    if (records.length === 0) return;
    const confirmed = (at: number) => {
      const id = batch.confirm(at);
      if (this.#parts.sink.skipsConfirmed === true) this.#confirmed.add(id);
      timer.confirmed();
    };
    const accepted = () => timer.confirmed();
    try {
      await timer.during(open.send(records, confirmed, accepted));
    } catch (error) {
      if (error instanceof TooLarge) this.#refuse(error.ids, { reason: 'too_large', detail: error.limit });
      if (error instanceof Unroutable) this.#leaveOut(batch, error);
      if (batch.done < batch.length) throw error;
    }
  }

  /** The next attempt needs no pause, unless the broker refuses the same again. */
  #refuse(ids: readonly string[], refused: RefusedRecord): void {
    if (ids.some((id) => !this.#refused.has(id))) this.#backoff.reset();
    for (const id of ids) this.#refused.set(id, refused);
  }

  /**
   * Goes on without records that nothing accepts: messages, if the bridge is configured so, and records
   * that stand for messages, which do not hold those behind them up for long.
   */
  #leaveOut(batch: SinkBatch, { ids, message: detail }: Unroutable): void {
    const refused: RefusedRecord = { reason: 'unroutable', detail };
    const notices = ids.filter((id) => batch.isNotice(id));
    for (const id of notices) this.#attempts.set(id, (this.#attempts.get(id) ?? 0) + 1);
    const given = notices.filter((id) => this.#attempts.get(id) === ATTEMPTS);
    const isDead = this.#parts.config.to.unroutable === 'deadLetter';
    const left = [...given, ...(isDead ? ids.filter((id) => !notices.includes(id)) : [])];
    this.#refuse(left, refused);
    for (const id of left) batch.leaveOut(id, refused);
    if (given.length > 0) this.#parts.host.count('skipped', given.length, `${given[0]}: ${detail}`);
  }
}

const inWords = ({ reason, from, to }: OutboundGap): string => {
  const end = from.epoch === to.epoch ? `${to.offset}` : `${to.offset} of another epoch`;
  return `${reason}: the log lost what is behind offset ${from.offset}, up to ${end}`;
};

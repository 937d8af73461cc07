import type {
  Bridge,
  BridgeHost,
  InboundBridge,
  InboundMessage,
  InboundOutcome,
  RefusedMessage,
} from '@sluice/server/bridging';
import { AcknowledgeQueue } from './acknowledge-queue.ts';
import { Backoff } from './backoff.ts';
import { headerOf } from './body.ts';
import { CHANNEL, isBack, ORIGIN, viaTagOf } from './circle-guard.ts';
import { DeadLetter } from './dead-letter.ts';
import { keepConnected, Stopped } from './keep-connected.ts';
import { type MappedMessage, mapRecord } from './mapping.ts';
import { pause } from './pause.ts';
import type { OpenSource, Source, SourceRecord } from './source.ts';
import { reasonOf, Unmappable } from './unmappable.ts';

/** Milliseconds between two attempts to publish while the gateway accepts nothing. */
const HOLD = 1_000;

/** A character of a body may be written with six, like `\u0041`. */
const LONGER = 6;
/** Bytes that a body may have besides: the attributes of an envelope, white space. */
const AROUND = 65_536;

const UNPUBLISHED = 'they were read, and not published, when the bridge stopped or lost its connection';

/** A text has them as JSON, and not in the body. */
const QUOTES = 2;

/** A record on its way into the log. */
interface Pending {
  readonly record: SourceRecord;
  /** Messages that the log does not have yet. */
  messages: readonly InboundMessage[];
  /** Was a part of it refused for good? Then the rest is published all the same. */
  isPoison: boolean;
  /** One of the messages. If it is refused for good, the bridge stops. */
  deadLetter?: DeadLetter;
  /** Which record it is, and why it is poison, for the log. */
  why?: string;
  /** Why the bridge stops at it. */
  stopped?: Stopped;
}

/** What an attempt to publish has led to. */
interface Round {
  /** Why the first message that will be accepted later was refused. */
  readonly refused?: string;
  /** Are there dead letters that were not published yet? */
  readonly hasDeadLetters: boolean;
}

/** A connection, and what it has still to acknowledge. */
interface Connected {
  readonly open: OpenSource;
  readonly acknowledgements: AcknowledgeQueue;
}

interface Publishing extends Connected {
  /** Called with the number of records that are in the log. */
  readonly onDone: (count: number) => void;
}

export interface SourceRunnerParts {
  readonly config: InboundBridge;
  readonly host: BridgeHost;
  readonly source: Source;
}

/**
 * Reads from a broker into channels: read, map, publish, and acknowledge to the broker once the
 * engine has acknowledged. What was not acknowledged is read again, and recognised by the engine.
 */
export class SourceRunner implements Bridge {
  readonly spreads: boolean;
  readonly #parts: SourceRunnerParts;
  readonly #backoff: Backoff;

  constructor(parts: SourceRunnerParts) {
    this.#parts = parts;
    this.spreads = parts.source.spreads === true;
    this.#backoff = new Backoff(parts.host.random);
  }

  run(signal: AbortSignal): Promise<void> {
    const { host, source } = this.#parts;
    const use = (open: OpenSource) => this.#read(open, signal);
    return keepConnected({ host, backoff: this.#backoff, open: () => source.open(), use }, signal);
  }

  async #read(open: OpenSource, signal: AbortSignal): Promise<void> {
    this.#parts.host.moved('running');
    const onDone = () => this.#backoff.reset();
    const acknowledgements = new AcknowledgeQueue(open, { most: this.#parts.config.inFlight, onDone });
    while (!signal.aborted) await this.#readBatch({ open, acknowledgements }, signal);
    await acknowledgements.done();
  }

  async #readBatch(connected: Connected, signal: AbortSignal): Promise<void> {
    const { inFlight } = this.#parts.config;
    const records = await connected.acknowledgements.orFail(connected.open.read(inFlight));
    if (records.length === 0) {
      this.#backoff.reset(); // the broker has nothing that an acknowledgement could fail for
      return;
    }
    const { batch, stopped } = this.#prepareAll(records);
    let left = records.length;
    const onDone = (count: number) => {
      left -= count;
    };
    try {
      await this.#publishAll(batch, { ...connected, onDone }, signal);
      // The bridge stops anyway, maybe before the message that would have stopped it.
      if (stopped === undefined || signal.aborted) return;
      await connected.acknowledgements.done();
      throw stopped;
    } finally {
      if (left > 0 && connected.open.forgets === true) this.#parts.host.count('lost', left, UNPUBLISHED);
    }
  }

  /** The records before one that stops the bridge are published first. */
  #prepareAll(records: readonly SourceRecord[]): { batch: readonly Pending[]; stopped?: Stopped } {
    const batch: Pending[] = [];
    for (const record of records) {
      try {
        batch.push(this.#prepare(record));
      } catch (stopped) {
        if (!(stopped instanceof Stopped)) throw stopped;
        return { batch, stopped };
      }
    }
    return { batch };
  }

  /**
   * Publishes records, and acknowledges each once all before it are done.
   *
   * @throws Stopped at a record that stops the bridge, once those before it are acknowledged
   */
  async #publishAll(batch: readonly Pending[], connected: Publishing, signal: AbortSignal): Promise<void> {
    const { host } = this.#parts;
    const { open, acknowledgements, onDone } = connected;
    let left = batch;
    let held: string | undefined;
    while (left.length > 0) {
      const { refused, hasDeadLetters } = await this.#publish(upToStopped(left));
      const at = left.findIndex(({ messages, stopped }) => messages.length > 0 || stopped !== undefined);
      const done = at === -1 ? left : left.slice(0, at);
      onDone(done.length);
      if (done.length > 0) await acknowledgements.add(done.map(({ record }) => record));
      left = left.slice(done.length);
      if (left.length === 0) break;
      await stopAtFirst(left, acknowledgements);
      if (hasDeadLetters) continue; // they need not wait
      // Each reason once, although every attempt is refused.
      if (refused === undefined || refused !== held) host.moved('holding', refused);
      held = refused;
      await acknowledgements.done();
      await open.hold?.(left.map(({ record }) => record));
      await pause(host.clock, HOLD, signal);
      if (signal.aborted) return;
    }
    host.moved('running');
  }

  /** Publishes what is left of records once, in their order. */
  async #publish(batch: readonly Pending[]): Promise<Round> {
    const messages = batch.flatMap((pending) => pending.messages);
    if (messages.length === 0) return { hasDeadLetters: false };
    const outcomes = await this.#parts.host.publish(messages);
    let at = 0;
    let hasDeadLetters = false;
    for (const pending of batch) {
      const own = outcomes.slice(at, at + pending.messages.length);
      at += own.length;
      if (this.#settleOrStop(pending, own)) hasDeadLetters = true;
    }
    const later = outcomes.find((outcome) => 'refused' in outcome && outcome.refused.retryable);
    return { hasDeadLetters, ...(later !== undefined && 'refused' in later && { refused: inWords(later.refused) }) };
  }

  /** Those behind a record that stops the bridge are settled too: they may be in the log. */
  #settleOrStop(pending: Pending, outcomes: readonly InboundOutcome[]): boolean {
    try {
      return this.#settle(pending, outcomes);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      pending.stopped = error;
      return false;
    }
  }

  /**
   * Keeps the messages of a record that will be accepted later.
   *
   * @returns has it another dead letter now?
   */
  #settle(pending: Pending, outcomes: readonly InboundOutcome[]): boolean {
    const refusals = refusalsOf(pending.messages, outcomes);
    this.#count(pending, refusals);
    pending.messages = refusals.filter(({ refused }) => refused.retryable).map(({ message }) => message);
    const forGood = refusals.filter(({ refused }) => !refused.retryable);
    const letter = forGood.find(({ message }) => message === pending.deadLetter?.message);
    if (letter !== undefined) return this.#shrink(pending, letter.refused);
    const [first] = forGood;
    return first !== undefined && this.#poison(pending, inWords(first.refused), forLog(first.refused));
  }

  #count({ messages, deadLetter, why }: Pending, refusals: readonly Refusal[]): void {
    const { host } = this.#parts;
    const refused = new Set(refusals.map(({ message }) => message));
    const published = messages.filter((message) => !refused.has(message));
    const dead = published.filter((message) => message === deadLetter?.message).length;
    if (published.length > dead) host.count('published', published.length - dead);
    if (dead > 0) host.count('dead_lettered', dead, why);
  }

  /** A channel may accept less than a dead letter has. */
  #shrink(pending: Pending, refused: RefusedMessage): boolean {
    const { deadLetter } = pending;
    if (refused.error !== 'payload_too_large' || deadLetter?.shrink() !== true) {
      // The broker keeps the message: nothing else could, without the channel for dead letters.
      const withReason = (reason: string) =>
        `a dead letter was refused: ${reason}. Correct the rule of its channel; then restart the gateway`;
      throw new Stopped(withReason(refused.detail), withReason(forLog(refused)));
    }
    pending.messages = [...pending.messages, deadLetter.message];
    return true;
  }

  #prepare(record: SourceRecord): Pending {
    const { config, host } = this.#parts;
    const pending: Pending = { record, messages: [], isPoison: false };
    try {
      requireSize(record, host.maxPayload());
      const mapped = mapRecord(record, config.to);
      const messages = mapped.filter(({ channel }) => !isBack(record.headers, channel, host));
      if (messages.length < mapped.length) host.count('returned', mapped.length - messages.length, sentOf(record));
      pending.messages = messages.map((message) => onceFor(record, withVia(record, message)));
    } catch (error) {
      this.#poison(pending, reasonOf(error));
    }
    return pending;
  }

  /**
   * @param logged the reason for the log, which must repeat nothing of the message
   * @returns has it a dead letter now? A record has at most one, whatever its messages
   */
  #poison(pending: Pending, reason: string, logged = reason): boolean {
    const { config, host } = this.#parts;
    const { poison } = config;
    if (poison.kind === 'stop') {
      const withReason = (why: string) =>
        `${placeOf(pending.record)}: ${why}. Correct the message or the bridge, or set "poison"; then restart the gateway`;
      throw new Stopped(withReason(reason), withReason(logged));
    }
    if (pending.isPoison) return false;
    pending.isPoison = true;
    pending.why = `${placeOf(pending.record)}: ${logged}`;
    if (poison.kind === 'skip') {
      host.count('skipped', 1, pending.why);
      return false;
    }
    pending.deadLetter = new DeadLetter(pending.record, { reason, config, channel: poison.channel });
    pending.messages = [...pending.messages, pending.deadLetter.message];
    return true;
  }
}

/** The records before one that stops the bridge: those behind it are published after a correction. */
function upToStopped(batch: readonly Pending[]): readonly Pending[] {
  const at = batch.findIndex(({ stopped }) => stopped !== undefined);
  return at === -1 ? batch : batch.slice(0, at);
}

/** @throws Stopped if the first record of what is left stops the bridge */
async function stopAtFirst([first]: readonly Pending[], acknowledgements: AcknowledgeQueue): Promise<void> {
  const stopped = first?.stopped;
  if (stopped === undefined) return;
  await acknowledgements.done();
  throw stopped;
}

interface Refusal {
  readonly message: InboundMessage;
  readonly refused: RefusedMessage;
}

const refusalsOf = (messages: readonly InboundMessage[], outcomes: readonly InboundOutcome[]): readonly Refusal[] =>
  messages.flatMap((message, at) => {
    const outcome = outcomes[at];
    return outcome !== undefined && 'refused' in outcome ? [{ message, refused: outcome.refused }] : [];
  });

/** Characters of an id that are shown. */
const LONGEST_ID = 200;

/** Where the broker has it, for people. */
const placeOf = ({ topic, once, place }: SourceRecord): string =>
  `${topic}, ${'id' in once ? `message ${once.id?.slice(0, LONGEST_ID) ?? 'without an id'}` : `position ${place ?? once.position}`}`;

/** Which record has come back, for people. */
const sentOf = (record: SourceRecord): string =>
  `${placeOf(record)}: sent by "${headerOf(record.headers, ORIGIN)}" from "${headerOf(record.headers, CHANNEL)}"`;

function withVia({ headers }: SourceRecord, { channel, draft }: MappedMessage): MappedMessage {
  const via = viaTagOf(headers, draft.tags);
  return Object.keys(via).length === 0
    ? { channel, draft }
    : { channel, draft: { ...draft, tags: { ...draft.tags, ...via } } };
}

/**
 * A body is not parsed if its data cannot fit any channel: values may need many times its memory.
 *
 * @throws Unmappable
 */
function requireSize({ body }: SourceRecord, maxPayload: number): void {
  if (body.length <= LONGER * maxPayload + AROUND) return;
  throw new Unmappable(`the body has ${body.length} bytes, which no channel accepts`);
}

/** @throws Unmappable if the record cannot be recognised when it is delivered again */
function onceFor({ once, body }: SourceRecord, { channel, draft }: MappedMessage): InboundMessage {
  const arrived = body.length + QUOTES;
  if (!('id' in once)) return { channel, draft, once, arrived };
  if (once.id === null)
    throw new Unmappable('the message has no id, so it could not be recognised when it is delivered again');
  return { channel, draft, once: { id: once.id }, arrived };
}

/** Errors whose detail may repeat a part of the message, such as the name of a field. */
const REPEATS: ReadonlySet<string> = new Set(['command_invalid', 'payload_invalid']);

const forLog = (refused: RefusedMessage): string => (REPEATS.has(refused.error) ? refused.error : inWords(refused));

const inWords = ({ error, detail }: Pick<RefusedMessage, 'error' | 'detail'>): string => `${error}: ${detail}`;

import type { Bridge, BridgeHost, InboundBridge, InboundMessage, RefusedMessage } from '@sluice/server/bridging';
import { AcknowledgeQueue } from './acknowledge-queue.ts';
import { Backoff } from './backoff.ts';
import { headerOf } from './body.ts';
import { deadLetterOf } from './dead-letter.ts';
import { CHANNEL, ORIGIN } from './envelope.ts';
import { keepConnected, Stopped } from './keep-connected.ts';
import { type MappedMessage, mapRecord } from './mapping.ts';
import { pause } from './pause.ts';
import type { OpenSource, Source, SourceRecord } from './source.ts';
import { Unmappable } from './unmappable.ts';

/** Milliseconds between two attempts to publish while the gateway accepts nothing. */
const HOLD = 1_000;

/** A record on its way into the log. */
interface Pending {
  readonly record: SourceRecord;
  /** Messages that the log does not have yet. */
  messages: readonly InboundMessage[];
  /** Is it on its way to the dead letters? Then a refusal stops the bridge. */
  isDead: boolean;
}

/** A connection, and what it has still to acknowledge. */
interface Connected {
  readonly open: OpenSource;
  readonly acknowledgements: AcknowledgeQueue;
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
    const acknowledgements = new AcknowledgeQueue(open);
    while (!signal.aborted) await this.#readBatch({ open, acknowledgements }, signal);
    await acknowledgements.done();
  }

  async #readBatch(connected: Connected, signal: AbortSignal): Promise<void> {
    const { inFlight } = this.#parts.config;
    const records = await connected.acknowledgements.orFail(connected.open.read(inFlight));
    this.#backoff.reset();
    if (records.length === 0) return;
    const { batch, stopped } = this.#prepareAll(records);
    await this.#publishAll(batch, connected, signal);
    if (stopped === undefined) return;
    await connected.acknowledgements.done();
    throw stopped;
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

  /** Publishes records, and acknowledges each once all before it are done. */
  async #publishAll(batch: readonly Pending[], connected: Connected, signal: AbortSignal): Promise<void> {
    const { host } = this.#parts;
    const { open, acknowledgements } = connected;
    let left = batch;
    let held: string | undefined;
    while (left.length > 0) {
      const refused = await this.#publish(left);
      const at = left.findIndex(({ messages }) => messages.length > 0);
      const done = at === -1 ? left : left.slice(0, at);
      if (done.length > 0) await acknowledgements.add(done.map(({ record }) => record));
      left = left.slice(done.length);
      if (left.length === 0) break;
      // Dead letters of this round are published at once.
      if (left.some(({ messages, isDead }) => isDead && messages.length > 0) && done.length > 0) continue;
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

  /**
   * Publishes what is left of records once, in their order.
   *
   * @returns why the first message that will be accepted later was refused
   */
  async #publish(batch: readonly Pending[]): Promise<string | undefined> {
    const { host } = this.#parts;
    const messages = batch.flatMap((pending) => pending.messages);
    if (messages.length === 0) return undefined;
    const outcomes = await host.publish(messages);
    let at = 0;
    let published = 0;
    for (const pending of batch) {
      const own = outcomes.slice(at, at + pending.messages.length);
      at += own.length;
      const refused = own.flatMap((outcome) => ('refused' in outcome ? [outcome.refused] : []));
      published += pending.isDead ? 0 : own.length - refused.length;
      const forGood = refused.find(({ retryable }) => !retryable);
      if (forGood === undefined)
        pending.messages = pending.messages.filter((_, index) => 'refused' in (own[index] ?? {}));
      else this.#giveUp(pending, forGood);
      if (pending.isDead && pending.messages.length === 0) host.count('dead_lettered', 1);
    }
    if (published > 0) host.count('published', published);
    const later = outcomes.find((outcome) => 'refused' in outcome && outcome.refused.retryable);
    return later !== undefined && 'refused' in later ? inWords(later.refused) : undefined;
  }

  #giveUp(pending: Pending, { error, detail }: RefusedMessage): void {
    // The broker keeps the message: nothing else could, without the channel for dead letters.
    if (pending.isDead) {
      throw new Stopped(
        `a dead letter was refused: ${detail}. Correct the rule of its channel; then restart the gateway`,
      );
    }
    this.#poison(pending, inWords({ error, detail }));
  }

  #prepare(record: SourceRecord): Pending {
    const pending: Pending = { record, messages: [], isDead: false };
    try {
      const mapped = mapRecord(record, this.#parts.config.to);
      const messages = mapped.filter(({ channel }) => !this.#isOwn(record, channel));
      if (messages.length < mapped.length) this.#parts.host.count('returned', mapped.length - messages.length);
      pending.messages = messages.map((message) => onceFor(record, message));
    } catch (error) {
      if (!(error instanceof Unmappable)) throw error;
      this.#poison(pending, error.message);
    }
    return pending;
  }

  /** Did this gateway send the record from the same channel? */
  #isOwn({ headers }: SourceRecord, channel: string): boolean {
    return headerOf(headers, ORIGIN) === this.#parts.config.origin && headerOf(headers, CHANNEL) === channel;
  }

  #poison(pending: Pending, reason: string): void {
    const { config, host } = this.#parts;
    const { poison } = config;
    if (poison.kind === 'stop') {
      const where = `${placeOf(pending.record)}: ${reason}`;
      throw new Stopped(`${where}. Correct the message or the bridge, or set "poison"; then restart the gateway`);
    }
    pending.messages =
      poison.kind === 'skip' ? [] : [deadLetterOf(pending.record, { reason, config, channel: poison.channel })];
    pending.isDead = poison.kind === 'deadLetter';
    if (poison.kind === 'skip') host.count('skipped', 1);
  }
}

/** Where the broker has it, for people. */
const placeOf = ({ topic, once, place }: SourceRecord): string =>
  `${topic}, ${'id' in once ? `message ${once.id ?? 'without an id'}` : `position ${place ?? once.position}`}`;

/** @throws Unmappable if the record cannot be recognised when it is delivered again */
function onceFor({ once }: SourceRecord, { channel, draft }: MappedMessage): InboundMessage {
  if (!('id' in once)) return { channel, draft, once };
  if (once.id === null)
    throw new Unmappable('the message has no id, so it could not be recognised when it is delivered again');
  return { channel, draft, once: { id: once.id } };
}

const inWords = ({ error, detail }: Pick<RefusedMessage, 'error' | 'detail'>): string => `${error}: ${detail}`;

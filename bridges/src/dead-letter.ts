import { randomUUID } from 'node:crypto';
import type { InboundBridge, InboundMessage } from '@sluice/server/bridging';
import type { SourceRecord } from './source.ts';

/**
 * What a dead letter keeps of its record: bytes of the body, headers, and characters of each text. The
 * first size fits where a message may have been too large; the others are for channels with a smaller
 * `maxPayload`. The last one has at most 4 KiB.
 */
const SIZES = [
  { body: 32_768, headers: 50, text: 512 },
  { body: 4_096, headers: 20, text: 128 },
  { body: 0, headers: 0, text: 64 },
] as const;
/** Characters of the reason, which is also a tag. */
const LONGEST_REASON = 256;

interface DeadLetterOptions {
  readonly reason: string;
  readonly config: Pick<InboundBridge, 'name'>;
  readonly channel: string;
}

/** The dead letter of a record, with the reason, where it was, and what it was. */
export class DeadLetter {
  readonly #record: SourceRecord;
  readonly #options: DeadLetterOptions;
  readonly #once: InboundMessage['once'];
  #size = 0;
  #message: InboundMessage;

  constructor(record: SourceRecord, options: DeadLetterOptions) {
    this.#record = record;
    this.#options = options;
    this.#once = { id: `dead ${nameOf(record)}`.toWellFormed() };
    this.#message = this.#write();
  }

  get message(): InboundMessage {
    return this.#message;
  }

  /** Keeps less of the record. `false`: it is as small as it can be. */
  shrink(): boolean {
    if (this.#size + 1 === SIZES.length) return false;
    this.#size++;
    this.#message = this.#write();
    return true;
  }

  #write(): InboundMessage {
    const { config, channel } = this.#options;
    const reason = cut(this.#options.reason, LONGEST_REASON);
    const data = { bridge: config.name, reason, ...partsOf(this.#record, SIZES[this.#size] ?? SIZES[0]) };
    const tags = { 'x-reason': reason, 'x-bridge': config.name };
    return { channel, draft: { event: 'dead_letter', data, tags }, once: this.#once };
  }
}

function partsOf({ once, place, topic, subject, key, headers, body }: SourceRecord, size: (typeof SIZES)[number]) {
  const short = (text: string) => cut(text, size.text);
  const kept = Object.entries(headers)
    .slice(0, size.headers)
    .map(([name, value]) => [fieldOf(short(name)), short(value)] as const);
  const where =
    'id' in once
      ? { id: once.id === null ? null : short(once.id) }
      : { partition: short(once.partition), position: short(place ?? once.position) };
  return {
    ...{ topic: short(topic), subject: short(subject), key: key === undefined ? null : short(key) },
    ...{ headers: Object.fromEntries(kept), ...where },
    body: Buffer.from(body.subarray(0, size.body)).toString('base64'),
    ...(body.length > size.body && { size: body.length }),
  };
}

/** The beginning of a text. A character that was cut through is replaced. */
const cut = (text: string, most: number): string => text.slice(0, most).toWellFormed();

/** The name of a field that `data` of a message may have. */
const fieldOf = (name: string): string => (name === '__proto__' ? '[__proto__]' : name);

/**
 * What is the same when the record is delivered again. The position itself would not do: dead letters
 * are not published in the order of their records, and the engine takes an earlier position for a repeat.
 */
function nameOf({ once, topic }: SourceRecord): string {
  if (!('id' in once)) return `${topic} ${once.partition} ${once.position}`;
  // Without an id, a dead letter that is published twice is better than none.
  return once.id ?? randomUUID();
}

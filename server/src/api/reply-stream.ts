import type { Json } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { NextReply, ReplyQueue } from '../requests/reply-queue.ts';
import type { HttpReply, HttpStream, StreamBody, StreamListener } from '../transport/http.ts';
import { errorReply } from './errors.ts';

/** How replies are written one after the other. */
interface StreamFormat {
  readonly type: string;
  /** Bytes without a meaning. */
  readonly filler: string;
  write(event: 'reply' | 'end' | 'error', value: object): string;
}

const NDJSON: StreamFormat = {
  type: 'application/x-ndjson; charset=utf-8',
  filler: '\n',
  write: (event, value) => `${JSON.stringify(event === 'end' ? { ...value, end: true } : value)}\n`,
};

const EVENTS: StreamFormat = {
  type: 'text/event-stream; charset=utf-8',
  filler: ':\n',
  write: (event, value) => `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`,
};

/** The format that the header `Accept` asks for; `null`: one JSON document. */
export function chooseFormat(accept: string): StreamFormat | null {
  if (/\bapplication\/x-ndjson\b/i.test(accept)) return NDJSON;
  return /\btext\/event-stream\b/i.test(accept) ? EVENTS : null;
}

/** The replies to a request as a streaming response, at the rate at which its reader reads. */
export class ReplyStream implements StreamBody, StreamListener {
  readonly filler: string;
  readonly ends = true;
  readonly #queue: ReplyQueue;
  readonly #format: StreamFormat;
  readonly #first: NextReply;
  #drained: (() => void) | undefined;

  private constructor(queue: ReplyQueue, format: StreamFormat, first: NextReply) {
    this.#queue = queue;
    this.#format = format;
    this.#first = first;
    this.filler = format.filler;
  }

  /** An error before the first reply has its status, like any other. */
  static async start(queue: ReplyQueue, format: StreamFormat): Promise<HttpReply> {
    const first = await queue.next();
    if ('end' in first && first.end instanceof Refusal) return errorReply(first.end);
    const headers = {
      'Content-Type': format.type,
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    };
    return { status: 200, headers, stream: new ReplyStream(queue, format, first) };
  }

  open(stream: HttpStream): StreamListener {
    void this.#pump(stream);
    return this;
  }

  async #pump(stream: HttpStream): Promise<void> {
    for (let next = this.#first; ; next = await this.#queue.next()) {
      const keepsUp = stream.write(this.#text(next));
      if ('end' in next) break;
      if (!keepsUp) await this.#drain();
    }
    stream.end();
  }

  #text(next: NextReply): string {
    if ('reply' in next) return this.#format.write('reply', { data: next.reply } satisfies { data: Json });
    const { end } = next;
    return end instanceof Refusal ? this.#format.write('error', { error: end.body }) : this.#format.write('end', end);
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  drained(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  closed(): void {
    this.#queue.abandon();
    this.drained();
  }

  abandon(): void {
    this.#queue.abandon();
  }
}

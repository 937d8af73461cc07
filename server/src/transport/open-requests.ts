import type { Clock } from '../util/clock.ts';
import type { HttpReply, HttpSide, HttpStream, Request, StreamBody, StreamListener } from './http.ts';

/** Counts the requests that are not answered yet, so that a gateway that stops can answer them. */
export class OpenRequests implements HttpSide {
  readonly #side: HttpSide;
  #open = 0;
  #tellIdle: (() => void) | undefined;

  constructor(side: HttpSide) {
    this.#side = side;
  }

  wantsBody: HttpSide['wantsBody'] = (head) => this.#side.wantsBody(head);

  async handle(request: Request): Promise<HttpReply> {
    this.#open++;
    try {
      const reply = await this.#side.handle(request);
      return reply.stream?.ends === true ? { ...reply, stream: this.#count(reply.stream) } : reply;
    } finally {
      this.#close();
    }
  }

  #count(body: StreamBody): StreamBody {
    this.#open++;
    return new CountedBody(body, () => this.#close());
  }

  #close(): void {
    if (--this.#open === 0) this.#tellIdle?.();
  }

  /**
   * Resolves when all requests are answered, after `most` milliseconds at the latest. A stream that
   * does not end by itself counts as answered.
   */
  async idle(most: number, clock: Clock): Promise<void> {
    if (this.#open === 0 || most === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(most, resolve);
      this.#tellIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** A streaming body that reports its end once, whichever side ends it. */
class CountedBody implements StreamBody {
  readonly filler: string;
  readonly #body: StreamBody;
  #ended: (() => void) | undefined;

  constructor(body: StreamBody, ended: () => void) {
    this.filler = body.filler;
    this.#body = body;
    this.#ended = ended;
  }

  open(stream: HttpStream): StreamListener {
    const listener = this.#body.open({
      write: (bytes) => stream.write(bytes),
      end: () => {
        stream.end();
        this.#end();
      },
    });
    return {
      drained: () => listener.drained(),
      closed: () => {
        this.#end();
        listener.closed();
      },
    };
  }

  abandon(): void {
    this.#end();
    this.#body.abandon();
  }

  #end(): void {
    this.#ended?.();
    this.#ended = undefined;
  }
}

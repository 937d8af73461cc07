import type { Command, ErrorBody, ServerMessage } from '@sluice/protocol';
import type { Outlet, WireSession } from '../protocol.ts';
import { block, messageBlock } from './event-wire.ts';

type Gap = Extract<ServerMessage, { type: 'gap' }>;
type Subscribe = Extract<Command, { type: 'subscribe' }>;

/** The starting points of a stream. */
export interface EventStart {
  readonly token?: string | undefined;
  /** With the ids 2, 3, 4… */
  readonly subscribe: readonly Subscribe[];
  /** Milliseconds after which a client should reconnect. */
  readonly retry: number;
}

const CONNECT = 1;

/**
 * The session of an event stream. Its client sends only the request, which becomes a `connect` and
 * a `subscribe` for each channel. The HTTP status is chosen after all are answered: a stream or an
 * error.
 */
export class EventSession implements WireSession {
  readonly fixed = true;
  /** Set until the stream has begun, because a stream need not keep its token. */
  #start: EventStart | undefined;
  readonly #channels = new Map<number, string>();
  #settle: ((error: ErrorBody | null) => void) | undefined;
  #unanswered: number;
  /** Resolves with `null` if every command succeeded, or with the reason of the first failure. */
  readonly outcome: Promise<ErrorBody | null>;

  constructor(start: EventStart) {
    this.#start = start;
    this.#unanswered = start.subscribe.length + 1;
    for (const { id, channel } of start.subscribe) this.#channels.set(id, channel);
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  opened(outlet: Outlet): readonly Command[] {
    if (this.#start === undefined) return [];
    const { token, subscribe, retry } = this.#start;
    this.#start = undefined;
    outlet.send(`retry: ${retry}\n`, false);
    const connect: Command = { type: 'connect', id: CONNECT, client: 'sse', ...(token === undefined ? {} : { token }) };
    return [connect, ...subscribe];
  }

  decode(): never {
    throw new Error('the client of an event stream sends nothing');
  }

  parse(): never {
    return this.decode();
  }

  refuseEarly(): never {
    return this.decode();
  }

  send(messages: readonly ServerMessage[], outlet: Outlet): void {
    for (const message of messages) {
      const text = this.#translate(message);
      if (text !== null) outlet.send(text, false);
    }
  }

  #translate(message: ServerMessage): string | null {
    switch (message.type) {
      case 'reply':
        return this.#answered(message.id, message.result);
      case 'error':
        this.#decide(message.error);
        return null;
      case 'gap':
        return gapBlock(message);
      case 'live':
      case 'replaying':
        return block('state', { channel: message.channel, state: message.type });
      case 'unsubscribed':
        return block('state', endingOf(message));
      case 'progress':
        return ''; // the position follows
      case 'drain':
        return `retry: ${Math.max(100, message.reconnectAfter)}\n`;
      default:
        return null; // a stream has no presence subscriptions, and cannot refresh its token
    }
  }

  #answered(id: number, result: object): string | null {
    this.#unanswered--;
    if (this.#unanswered === 0) this.#decide(null);
    const channel = this.#channels.get(id);
    this.#channels.delete(id);
    return channel === undefined ? null : block('state', { channel, ...result });
  }

  #decide(error: ErrorBody | null): void {
    this.#settle?.(error);
    this.#settle = undefined;
  }

  /** A drain is not an error: the client reconnects to another node. */
  reportClose(error: ErrorBody, outlet: Outlet): void {
    if (this.#settle !== undefined) this.#decide(error);
    else if (error.name !== 'draining') outlet.send(block('error', error), false);
  }
}

const endingOf = ({ channel, type, reason, message }: Extract<ServerMessage, { type: 'unsubscribed' }>): object => ({
  ...{ channel, state: type, reason },
  ...(message !== undefined && { message }),
});

/** The gap, and the newest messages if the rule skips to them. */
function gapBlock({ type, latest = [], ...gap }: Gap): string {
  const messages = latest.map((message) => messageBlock(gap.channel, gap.to.epoch, message));
  return [block(type, gap), ...messages].join('\n');
}

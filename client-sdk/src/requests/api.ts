import type { SluiceError } from '../errors.ts';

/** The types of a channel's requests. A contract defines them with `request: { in, out, errors }`. */
export interface RequestTypes {
  /** What a requester sends. */
  readonly requestIn: unknown;
  /** What a responder receives. */
  readonly requestOut: unknown;
  /** What a responder replies. */
  readonly replyIn: unknown;
  /** What a requester receives. */
  readonly replyOut: unknown;
  /** `data` of the responder's errors by code; `undefined`: any code and data. */
  readonly errorsIn: unknown;
  readonly errorsOut: unknown;
}

/** A channel for requests: any channel of a client. With a contract it carries the types. */
export interface RequestChannel<Types extends RequestTypes = RequestTypes> {
  readonly name: string;
  readonly '~requests'?: Types;
}

/** A channel without a contract: the caller names the type of the reply. */
export interface UntypedChannel {
  readonly name: string;
  readonly '~requests'?: never;
}

/** Options of a request. */
export interface RequestOptions {
  /**
   * Milliseconds until the first reply, and between two replies; also for the connection, if there is
   * none. Default: 10,000. The channel's rule limits it.
   */
  readonly timeout?: number;
  /** Cancels the request when it aborts. The responder is notified. */
  readonly signal?: AbortSignal;
}

/** A request, as its responder receives it. */
export interface IncomingRequest<Data = unknown> {
  readonly channel: string;
  readonly data: Data;
  /** The requester's user, if the channel's rule includes it. */
  readonly from: string | undefined;
  /** Milliseconds within which the first reply must arrive. */
  readonly timeout: number;
  /** Aborts when nobody waits for the reply: cancelled, too late, or the connection was lost. */
  readonly signal: AbortSignal;
}

/** What a responder returns: the reply, or several of them as an async iterable. */
export type Replies<Reply> = Reply | Promise<Reply | AsyncIterable<Reply>> | AsyncIterable<Reply>;

/** Options of `respond`. */
export interface RespondOptions {
  /** Maximum number of requests at the same time, 1 to 1,000. Default: 16. */
  readonly concurrency?: number;
  /** Stops responding when it aborts, like `stop`. */
  readonly signal?: AbortSignal;
  /**
   * Called if the registration is refused or ends, or if the handler fails with an error that is no
   * `ReplyError`. Without it, the client emits `error` for the former, and the console shows the
   * latter.
   */
  readonly onError?: (error: SluiceError | Error) => void;
}

/** The result of `respond`. It survives lost connections. */
export interface Responder {
  /** Resolves when the gateway has accepted the registration; rejects if it refuses, or if it ends before. */
  readonly ready: Promise<void>;
  /**
   * Receives no further requests. Resolves when the handler has replied to the open ones.
   *
   * @example
   * import { respond } from '@sluice/client/requests';
   *
   * const responder = respond(client.channel('math:double'), ({ data }) => 2 * (data as number));
   * await responder.stop();
   */
  stop(): Promise<void>;
}

import type { Json, RequestResult } from '@sluice/protocol';
import { onAbort } from '../abort.ts';
import type { ResourceKind } from '../channel-host.ts';
import { checkValues, type ValueCheck } from '../check-values.ts';
import { TIMED_OUT } from '../codes.ts';
import { hostOf } from '../entry-host.ts';
import { SluiceError } from '../index.ts';
import { after, nothing } from '../timer.ts';
import type { RequestChannel, RequestOptions, RequestTypes, UntypedChannel } from './api.ts';
import { type PendingRequest, Requester } from './requester.ts';

// The gateway's default, and the longest that a timer can wait, in milliseconds.
const TIMEOUT = 10_000;
const LONGEST = 2 ** 31 - 1;

const MILLISECONDS: ValueCheck = [
  'whole milliseconds from 1',
  (value) => Number.isInteger(value) && (value as number) >= 1,
];

/**
 * Sends a request to one responder of the channel, and returns its reply: of several replies the last
 * one, `undefined` if it sent none. It is sent at most once, so a lost connection rejects it.
 *
 * @returns rejects with a `SluiceError`: `no_responders`, `request_timeout`, `responder_failed` (its
 *   `responder` has the code, message and data of the responder), `connection_lost` and others; or
 *   with the reason of `signal`
 *
 * @example
 * import { request } from '@sluice/client/requests';
 *
 * const sum = await request<number>(client.channel('math:add'), { a: 1, b: 2 }, { timeout: 5_000 });
 */
export function request<Types extends RequestTypes = RequestTypes>(
  channel: RequestChannel<Types>,
  data: Types['requestIn'],
  options?: RequestOptions,
): Promise<Types['replyOut']>;
export function request<Reply>(channel: UntypedChannel, data: unknown, options?: RequestOptions): Promise<Reply>;
export async function request(channel: RequestChannel, data: unknown, options?: RequestOptions): Promise<unknown> {
  let last: unknown;
  const onReplies = (replies: readonly unknown[]) => {
    last = replies.at(-1);
  };
  const { data: final = last } = await start(channel, data, { ...options, onReplies }).result;
  return final;
}

/**
 * Sends a request, and returns its replies one by one. Leaving the loop cancels the request. The
 * gateway stops the responder while the connection is behind, not while the loop is: up to the rule's
 * `maxReplies` wait in memory.
 *
 * @example
 * import { requestMany } from '@sluice/client/requests';
 *
 * for await (const line of requestMany<string>(client.channel('logs:tail'), { lines: 100 })) {
 *   console.log(line);
 * }
 */
export function requestMany<Types extends RequestTypes = RequestTypes>(
  channel: RequestChannel<Types>,
  data: Types['requestIn'],
  options?: RequestOptions,
): AsyncGenerator<Types['replyOut'], void, void>;
export function requestMany<Reply>(
  channel: UntypedChannel,
  data: unknown,
  options?: RequestOptions,
): AsyncGenerator<Reply, void, void>;
export async function* requestMany(
  channel: RequestChannel,
  data: unknown,
  options?: RequestOptions,
): AsyncGenerator<unknown, void, void> {
  const replies: unknown[] = [];
  let wake = nothing;
  let outcome: { readonly error?: unknown } | undefined;
  const onReplies = (more: readonly unknown[]) => {
    replies.push(...more);
    wake();
  };
  const { result, cancel } = start(channel, data, { ...options, onReplies });
  const end = (error?: unknown) => {
    outcome = error === undefined ? {} : { error };
    wake();
  };
  result.then((last) => {
    if (last.data !== undefined) replies.push(last.data);
    end();
  }, end);
  try {
    while (!outcome || replies.length > 0) {
      if (replies.length > 0) yield replies.shift();
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if ('error' in outcome) throw outcome.error;
  } finally {
    cancel();
  }
}

interface StartOptions extends RequestOptions {
  onReplies(replies: readonly unknown[]): void;
}

interface StartedRequest {
  readonly result: Promise<RequestResult>;
  /** Cancels the request; does nothing if it has ended. */
  readonly cancel: () => void;
}

function start(channel: RequestChannel, data: unknown, options: StartOptions): StartedRequest {
  const { timeout, signal, onReplies, ...unknown } = options;
  checkValues({ timeout, ...unknown }, { timeout: MILLISECONDS });
  const host = hostOf(channel);
  const { copy } = host.calls.copy({ data: data as Json });
  signal?.throwIfAborted();
  // The object of the empty name stays the same while requests are pending.
  const requester = host.resource(Requester as unknown as ResourceKind<Requester>, { name: '' });
  let cancel = nothing;
  const result = new Promise<RequestResult>((resolve, reject) => {
    const settle = <Value>(act: (value: Value) => void) => {
      return (value: Value) => {
        stopTimer();
        stopListening();
        act(value);
      };
    };
    const body = { channel: channel.name, ...copy, ...(timeout !== undefined && { timeout }) };
    const pending: PendingRequest = { body, onReplies, resolve: settle(resolve), reject: settle(reject) };
    cancel = () => requester.cancel(pending, undefined);
    // The gateway observes the timeout of a request that was sent.
    const expire = () => requester.isSent(pending) || requester.cancel(pending, host.calls.failure ?? timedOut());
    const stopTimer = after(Math.min(timeout ?? TIMEOUT, LONGEST), expire);
    const stopListening = onAbort(signal, () => requester.cancel(pending, signal?.reason));
    requester.add(pending);
  });
  return { result, cancel: () => cancel() };
}

function timedOut(): SluiceError {
  return new SluiceError({ code: TIMED_OUT, name: 'timed_out', message: 'No connection in time.', retryable: true });
}

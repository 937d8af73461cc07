import type { Json } from '@sluice/protocol';
import { PROGRAM } from './auth/identity.ts';
import { Refusal } from './refusal.ts';
import type { BackendRequests } from './requests/backend-requests.ts';
import type { ReplyQueue } from './requests/reply-queue.ts';
import { SluiceError } from './sluice-error.ts';

/** Options of a request of the program. */
export interface RequestOptions {
  /** Milliseconds until the first reply, and between two. */
  readonly timeout?: number;
  /** Cancels the request. */
  readonly signal?: AbortSignal;
}

/** A refusal as the error of the embedding API. */
export const errorOf = ({ error, detail, body }: Refusal): SluiceError => new SluiceError(error, detail, body);

async function* repliesOf(queue: ReplyQueue): AsyncGenerator<Json, void> {
  for (;;) {
    const next = await queue.next();
    if ('reply' in next) yield next.reply;
    else if (next.end instanceof Refusal) throw errorOf(next.end);
    else if (next.end.data !== undefined) return yield next.end.data;
    else return;
  }
}

/**
 * Sends a request of the program, and iterates over its replies. Leaving the loop cancels the
 * request.
 *
 * @throws SluiceError
 */
export async function* requestMany(
  requests: BackendRequests,
  { channel, data, timeout, signal }: RequestOptions & { readonly channel: string; readonly data: Json },
): AsyncGenerator<Json, void> {
  const fields = { channel, data, ...(timeout === undefined ? undefined : { timeout }) };
  signal?.throwIfAborted();
  const queue = await requests.send(fields, PROGRAM);
  if (queue instanceof Refusal) throw errorOf(queue);
  const abandon = () => queue.abandon();
  signal?.addEventListener('abort', abandon);
  if (signal?.aborted === true) abandon(); // while the permission was checked
  try {
    yield* repliesOf(queue);
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', abandon);
    abandon();
  }
}

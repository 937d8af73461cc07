import type { Json } from '@sluice/protocol';
import type { ApiKeys } from '../../auth/secrets.ts';
import { Refusal } from '../../refusal.ts';
import type { BackendRequests } from '../../requests/backend-requests.ts';
import type { ReplyQueue } from '../../requests/reply-queue.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { readJson } from '../body.ts';
import { authenticate, type TokenVerifier } from '../credentials.ts';
import { errorReply } from '../errors.ts';
import { chooseFormat, ReplyStream } from '../reply-stream.ts';

export interface RequestServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: TokenVerifier;
  readonly backendRequests: BackendRequests;
}

/** Bytes of the replies that a response collects, as JSON. */
const MOST_COLLECTED = 1_048_576;

const FIELDS = ['channel', 'data', 'timeout'];

/**
 * `POST /api/v1/request`: sends a request `{ channel, data, timeout? }` to a responder.
 *
 * The response is `{ data }`, with `replies` if the responder sent several, or none. With `Accept:
 * application/x-ndjson` or `text/event-stream` each reply is sent when it arrives.
 */
export function requestRoute(services: RequestServices): (request: Request) => Promise<HttpReply> {
  return async (request) => {
    const by = await authenticate(request, services);
    if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
    const body = await readJson(request);
    if (body instanceof Refusal) return errorReply(body);
    const fields = readFields(body.value);
    if (fields instanceof Refusal) return errorReply(fields);
    const replies = await services.backendRequests.send(fields, by);
    if (replies instanceof Refusal) return errorReply(replies);
    request.onDisconnect?.(() => replies.abandon());
    const format = chooseFormat(request.headers.get('accept') ?? '');
    return format === null ? collect(replies) : ReplyStream.start(replies, format);
  };
}

function readFields(value: unknown): object | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Refusal('command_invalid', 'the body must be an object { channel, data, timeout? }');
  }
  const unknown = Object.keys(value).find((name) => !FIELDS.includes(name));
  if (unknown === undefined) return value;
  const shown = JSON.stringify(unknown.slice(0, 40));
  return new Refusal('command_invalid', `a request has no field ${shown}. Its fields are ${FIELDS.join(', ')}`);
}

async function collect(queue: ReplyQueue): Promise<HttpReply> {
  const replies: Json[] = [];
  let bytes = 0;
  for (;;) {
    const next = await queue.next();
    if ('end' in next) {
      if (next.end instanceof Refusal) return errorReply(next.end);
      const { data } = next.end;
      if (replies.length === 0 && data !== undefined) return jsonReply(200, { data });
      return jsonReply(200, { replies: data === undefined ? replies : [...replies, data] });
    }
    bytes += JSON.stringify(next.reply).length;
    if (bytes > MOST_COLLECTED) {
      queue.abandon();
      return errorReply(new Refusal('payload_too_large', TOO_MANY));
    }
    replies.push(next.reply);
  }
}

const TOO_MANY = `the replies have more than ${MOST_COLLECTED} bytes. Send "Accept: application/x-ndjson" to receive each when it arrives`;

import { markLongNumbers } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import { type BodyFault, MAX_BODY, type Request, type RequestHead } from '../transport/http.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Milliseconds after which a client may retry when there is no room for a body. */
const SOON = 1_000;

const TOO_LARGE = new Refusal('payload_too_large', `the body may have at most ${MAX_BODY} bytes`);

const FAULTS: Readonly<Record<BodyFault, Refusal>> = {
  too_large: TOO_LARGE,
  too_many_pieces: new Refusal('frame_malformed', 'the body comes in too many small chunks; send larger ones'),
  no_room: new Refusal(
    'unavailable',
    'the gateway is reading too many bodies at once. Operators can raise "limits.unauthenticated"',
    SOON,
  ),
  cut_off: new Refusal('frame_malformed', 'the body did not arrive completely'),
};

/**
 * Content types that certainly are not JSON. Others are read: by default, `curl -d` and `fetch`
 * send types of their own.
 */
const NOT_JSON =
  /^(?:multipart|image|audio|video|font)\/|^application\/(?:xml|pdf|zip|gzip|msgpack|x-msgpack|cbor)\b|^text\/(?:html|xml|css)\b/i;

/** Checks the head, and returns why the body is not read. */
export function refuseBody({ headers, bodyLength }: RequestHead): Refusal | null {
  if (Number.isFinite(bodyLength) && bodyLength > MAX_BODY) return TOO_LARGE;
  const coding = headers.get('content-encoding')?.toLowerCase() ?? 'identity';
  if (coding !== 'identity' && coding !== '') {
    return new Refusal('unsupported_media_type', 'the body must not be compressed; leave "content-encoding" out');
  }
  if (NOT_JSON.test(headers.get('content-type')?.trim() ?? '')) {
    return new Refusal('unsupported_media_type', 'the body must be JSON: "content-type: application/json"');
  }
  return null;
}

/** Reads a request's body as JSON. Call it once the sender is authenticated. */
export async function readJson(request: Request): Promise<{ readonly value: unknown } | Refusal> {
  const refused = refuseBody(request);
  if (refused !== null) return refused;
  const body = await request.readBody();
  if (typeof body === 'string') return FAULTS[body];
  try {
    return { value: JSON.parse(markLongNumbers(utf8.decode(body))) as unknown };
  } catch {
    return new Refusal('frame_malformed', 'the body is not valid JSON in UTF-8');
  }
}

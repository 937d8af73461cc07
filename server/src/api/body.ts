import { Refusal } from '../channels/refusal.ts';
import { MAX_BODY, type Request } from '../transport/http.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a request's body as JSON. */
export function readJson(request: Request): { readonly value: unknown } | Refusal {
  if (request.body === null) {
    return new Refusal('payload_too_large', `the body may have at most ${MAX_BODY} bytes`);
  }
  try {
    return { value: JSON.parse(utf8.decode(request.body)) as unknown };
  } catch {
    return new Refusal('frame_malformed', 'the body is not valid JSON in UTF-8');
  }
}

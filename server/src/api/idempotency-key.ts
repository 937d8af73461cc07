import { LIMITS } from '@sluice/protocol';
import type { BatchMessage } from '../channels/door.ts';
import { Refusal } from '../refusal.ts';
import type { RequestHead } from '../transport/http.ts';

/** Room for the place of a message in a request of 1,000 messages: `/999`. */
const PLACE = 4;
const LONGEST = LIMITS.keyLength - PLACE;
/** A string of structured fields, `"…"`, or the text itself. */
const FORM = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]+)"|([\x21\x23-\x7e]+))$/;

/** Reads the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). */
export function readIdempotencyKey({ headers }: RequestHead): string | undefined | Refusal {
  const header = headers.get('idempotency-key')?.trim();
  if (header === undefined) return undefined;
  const [, quoted, bare] = FORM.exec(header) ?? [];
  const text = quoted ?? bare ?? '';
  if (text !== '' && text.length <= LONGEST) return text;
  return new Refusal('command_invalid', `the header "Idempotency-Key" must have 1 to ${LONGEST} characters of ASCII`);
}

/** Gives a message that has no key of its own the key of the request. */
export function withKey(message: BatchMessage | Refusal, key: string | undefined): BatchMessage | Refusal {
  if (key === undefined || message instanceof Refusal || Object.hasOwn(message.draft, 'key')) return message;
  return { ...message, draft: { ...message.draft, key } };
}

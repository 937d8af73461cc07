import { checkData } from './data.ts';
import { LIMITS } from './limits.ts';
import type { Draft } from './messages.ts';

/** What is wrong with a publisher's input. */
export interface DraftFault {
  readonly error: 'command_invalid' | 'payload_invalid';
  /** Names the field and the requirement. */
  readonly detail: string;
}

/** Unchecked fields of a message; additional fields are ignored. */
export interface RawDraft {
  readonly data?: unknown;
  readonly event?: unknown;
  readonly tags?: unknown;
  readonly trace?: unknown;
  readonly key?: unknown;
  readonly if?: unknown;
  readonly ttl?: unknown;
}

const invalid = (detail: string): DraftFault => ({ error: 'command_invalid', detail });

/** Version, trace id, parent id and flags; the ids must not be zero. W3C Trace Context, section 3.2.2. */
const TRACE = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/** Is it a `traceparent` that a message may carry? */
export const isTrace = (value: unknown): value is string => typeof value === 'string' && TRACE.test(value);

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= most && value.isWellFormed();
}

function checkTags(tags: unknown): string | null {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return '"tags" must be an object of strings';
  const entries = Object.entries(tags);
  if (entries.length > LIMITS.tags) return `"tags" may hold at most ${LIMITS.tags} tags`;
  for (const [name, value] of entries) {
    if (!isText(name, LIMITS.tagNameLength) || name === '__proto__') {
      return `"tags": a name must have 1 to ${LIMITS.tagNameLength} characters and not be "__proto__"`;
    }
    if (value !== '' && !isText(value, LIMITS.tagValueLength)) {
      return `"tags.${name}" must be a string of at most ${LIMITS.tagValueLength} characters`;
    }
  }
  return null;
}

function isExpectedHead(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, offset } = value as Readonly<Record<string, unknown>>;
  return (
    Number.isSafeInteger(offset) && (offset as number) >= 0 && (epoch === undefined || isText(epoch, LIMITS.keyLength))
  );
}

const isTtl = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= LIMITS.ttl;

/**
 * Checks the part of a publish that is the same over WebSockets, HTTP and the embedding API.
 * SPEC.md section 3.3.
 *
 * @returns what is wrong, or `null` if the value is a draft
 */
export function checkDraft(raw: RawDraft): DraftFault | null {
  if (raw.event !== undefined && !isText(raw.event, LIMITS.eventLength)) {
    return invalid(`"event" must be a string of 1 to ${LIMITS.eventLength} characters`);
  }
  if (raw.key !== undefined && !isText(raw.key, LIMITS.keyLength)) {
    return invalid(`"key" must be a string of 1 to ${LIMITS.keyLength} characters`);
  }
  if (raw.if !== undefined && !isExpectedHead(raw.if)) {
    return invalid('"if" must be { "offset": integer, "epoch"?: string }, the expected head of the log');
  }
  if (raw.trace !== undefined && !isTrace(raw.trace)) {
    return invalid(
      '"trace" must be a traceparent of W3C Trace Context, like "00-" + 32 + "-" + 16 hexadecimal digits + "-01"',
    );
  }
  if (raw.ttl !== undefined && !isTtl(raw.ttl)) {
    return invalid(`"ttl" must be milliseconds: an integer from 1 to ${LIMITS.ttl}`);
  }
  const tags = raw.tags === undefined ? null : checkTags(raw.tags);
  if (tags !== null) return invalid(tags);
  if (raw.data === undefined) return invalid('"data" is required; use null for nothing');
  const data = checkData(raw.data);
  return data === null ? null : { error: 'payload_invalid', detail: data };
}

/** The checked fields only. */
export function toDraft(raw: RawDraft): Draft {
  const { data, event, tags, trace, key, if: expected, ttl } = raw as Draft;
  const draft: { -readonly [Field in keyof Draft]: Draft[Field] } = { data };
  if (event !== undefined) draft.event = event;
  if (tags !== undefined) draft.tags = tags;
  if (trace !== undefined) draft.trace = trace;
  if (key !== undefined) draft.key = key;
  if (expected !== undefined) draft.if = expected;
  if (ttl !== undefined) draft.ttl = ttl;
  return draft;
}

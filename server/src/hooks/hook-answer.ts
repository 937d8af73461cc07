import {
  type Conditions,
  canonical,
  checkData,
  checkDraft,
  checkFilter,
  type Filter,
  type Json,
  type Tags,
} from '@sluice/protocol';
import type { HookKind } from '../hook.ts';
import { CallFailed } from '../outgoing/call-failed.ts';

/** What a hook has decided, checked. */
export interface HookAnswer {
  readonly allow: boolean;
  readonly message?: string;
  readonly data?: Json;
  readonly tags?: Tags;
  readonly info?: Json;
  readonly meta?: Json;
  readonly filter?: Conditions;
  /** Milliseconds. */
  readonly ttl?: number;
}

/** Maximum characters of a denial's text. */
const MOST_MESSAGE = 500;
/** Maximum bytes of `info` and `meta` as JSON. */
const MOST_ADDED = 1024;
const DAY = 86_400_000;

type Check = (value: unknown) => string | null;
type FieldName = Exclude<keyof HookAnswer, 'allow'>;

const checkJson: Check = (value) => checkData(value);
const checkAdded: Check = (value) => {
  const fault = checkData(value);
  if (fault !== null) return fault.replace(/^data/, 'the value');
  return Buffer.byteLength(JSON.stringify(value)) <= MOST_ADDED ? null : `has more than ${MOST_ADDED} bytes as JSON`;
};

const CHECKS: { readonly [Name in FieldName]: Check } = {
  message: (value) => (typeof value === 'string' ? null : 'must be a string'),
  data: checkJson,
  tags: (tags) => checkDraft({ data: null, tags })?.detail ?? null,
  info: checkAdded,
  meta: checkAdded,
  filter: (value) => checkFilter(value)?.detail ?? null,
  ttl: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= DAY
      ? null
      : 'must be milliseconds, a whole number up to a day',
};

const ALWAYS: readonly FieldName[] = ['message', 'ttl'];

/** The fields that each kind of hook may return. */
const FIELDS: { readonly [Kind in HookKind]: readonly FieldName[] } = {
  connect: [...ALWAYS, 'info', 'meta'],
  subscribe: [...ALWAYS, 'filter'],
  publish: [...ALWAYS, 'data', 'tags'],
  enter: [...ALWAYS, 'info'],
  request: [...ALWAYS, 'data'],
  recheck: [...ALWAYS, 'filter'],
};

/**
 * Checks what a hook has returned.
 *
 * @throws CallFailed `invalid`, with the field that is wrong and never with its value
 */
export function readAnswer(kind: HookKind, reply: unknown): HookAnswer {
  if (typeof reply === 'boolean') return { allow: reply };
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) {
    throw invalid('an answer must be true, false or an object with "allow"');
  }
  const { allow, filter, message, ...rest } = reply as Readonly<Record<string, unknown>>;
  if (typeof allow !== 'boolean') throw invalid('"allow" must be true or false');
  checkFields(kind, reply as Readonly<Record<string, unknown>>);
  return {
    ...(rest as Omit<HookAnswer, 'allow' | 'filter' | 'message'>),
    allow,
    ...(filter === undefined ? undefined : { filter: canonical(filter as Filter) }),
    ...(message === undefined ? undefined : { message: (message as string).slice(0, MOST_MESSAGE) }),
  };
}

function checkFields(kind: HookKind, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'allow' || value === undefined) continue;
    if (!(FIELDS[kind] as readonly string[]).includes(name)) {
      const shown = JSON.stringify(name.slice(0, 40));
      throw invalid(`an answer to "${kind}" has no field ${shown}. Its fields are allow, ${FIELDS[kind].join(', ')}`);
    }
    const fault = CHECKS[name as FieldName](value);
    if (fault !== null) throw invalid(`"${name}" of an answer to "${kind}": ${fault}`);
  }
}

const invalid = (message: string): CallFailed => new CallFailed('invalid', message);

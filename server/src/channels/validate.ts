/** What a contract's schemas say about a payload. SPEC.md section 3.4. */

import { checkData, type Draft, type ErrorBody, type Issue, type Json, type ResponderError } from '@sluice/protocol';
import type { Schema } from '@sluice/protocol/contracts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';

/** Most issues of one refusal. */
const MOST_ISSUES = 10;
/** Characters of an issue's message, and of its path. */
const LONGEST = 200;

/** A payload that does not fit the contract of its channel. */
class PayloadRefusal extends Refusal {
  readonly #issues: readonly Issue[];

  /** @param found how many issues there were in all, of which these are the first */
  constructor(issues: readonly [Issue, ...Issue[]], found = issues.length) {
    const [{ path, message }] = issues;
    super('payload_invalid', `${path}: ${message}${found > 1 ? ` (and ${found - 1} more)` : ''}`);
    this.#issues = issues;
  }

  override get body(): ErrorBody {
    return { ...super.body, issues: this.#issues };
  }
}

interface Context {
  /** Where the value stands: `data`, `state`. */
  readonly root: string;
  readonly pattern: string;
  readonly events: EventBus;
}

/**
 * Checks a message against the contract of its channel.
 *
 * @returns the draft with what the schema made of its data
 */
export function validateDraft(draft: Draft, rule: Rule, events: EventBus): Draft | Refusal {
  const schema = schemaOf(draft, rule);
  if (schema === null || schema instanceof Refusal) return schema ?? draft;
  const result = validate(schema, draft.data, { root: 'data', pattern: rule.pattern.source, events });
  return result instanceof Refusal ? result : { ...draft, data: result.value };
}

/** Checks a member's state against the contract of its channel. */
export function validateState(state: Json, rule: Rule, events: EventBus): { readonly value: Json } | Refusal {
  const schema = rule.schemas?.presence ?? null;
  return schema === null
    ? { value: state }
    : validate(schema, state, { root: 'state', pattern: rule.pattern.source, events });
}

/** Checks the data of a request against the contract of its channel. */
export const validateRequest = (data: Json, rule: Rule, events: EventBus): { readonly value: Json } | Refusal =>
  validatePart(rule.schemas?.request?.in, data, { root: 'data', pattern: rule.pattern.source, events });

/** Checks the data of a reply against the contract of its channel. */
export const validateReply = (data: Json, rule: Rule, events: EventBus): { readonly value: Json } | Refusal =>
  validatePart(rule.schemas?.request?.out, data, { root: 'data', pattern: rule.pattern.source, events });

/** Checks a responder's error against the contract of its channel. */
export function validateResponderError(error: ResponderError, rule: Rule, events: EventBus): ResponderError | Refusal {
  const schemas = rule.schemas?.request?.errors ?? null;
  if (schemas === null) return error;
  const { code, data = null } = error;
  const schema = schemas.get(code);
  if (schema === undefined) return new PayloadRefusal([{ path: 'error.code', message: oneOf(schemas.keys()) }]);
  const valid = validatePart(schema, data, { root: 'error.data', pattern: rule.pattern.source, events });
  return valid instanceof Refusal ? valid : { ...error, data: valid.value };
}

const validatePart = (schema: Schema | null | undefined, value: Json, context: Context) =>
  schema == null ? { value } : validate(schema, value, context);

/** The schema for the message's event; `null`: anything goes. */
function schemaOf({ event }: Draft, { schemas }: Rule): Schema | null | Refusal {
  if (schemas === null) return null;
  const { message, events } = schemas;
  if (events === null || (event === undefined && message !== null)) return message;
  const schema = event === undefined ? undefined : events.get(event);
  if (schema !== undefined) return schema;
  const list = events.size === 0 ? 'must be left out' : oneOf(events.keys());
  return new PayloadRefusal([{ path: 'event', message: list }]);
}

function oneOf(names: Iterable<string>): string {
  const all = [...names].map((name) => JSON.stringify(name));
  return `must be one of ${all.slice(0, MOST_ISSUES).join(', ')}${all.length > MOST_ISSUES ? '…' : ''}`;
}

function validate(schema: Schema, value: Json, context: Context): { readonly value: Json } | Refusal {
  try {
    const result = schema['~standard'].validate(value);
    if ('then' in result) {
      // Its outcome comes too late to matter, a failure too.
      result.then(undefined, () => {});
      return mistake(new Error(ASYNCHRONOUS), context, ASYNCHRONOUS);
    }
    return result.issues ? refuse(result.issues, context) : toJson(result.value, context);
  } catch (error) {
    return mistake(error, context, 'could not be checked: the schema failed');
  }
}

const ASYNCHRONOUS =
  'cannot be checked: the schema answers with a promise, but publishes keep their order only if it answers at once';

type Found = readonly {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}[];

function refuse(found: Found, { root }: Context): PayloadRefusal {
  const [first = { path: root, message: 'does not match the schema' }, ...others] = found
    .slice(0, MOST_ISSUES)
    .map(({ message, path = [] }): Issue => {
      return { path: cutStart(root + path.map(formatStep).join('')), message: cutEnd(String(message)) };
    });
  return new PayloadRefusal([first, ...others], found.length);
}

function formatStep(step: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof step === 'object' ? step.key : step;
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`;
}

/** The end of a path says more than its start. */
const cutStart = (text: string): string => (text.length <= LONGEST ? text : `…${text.slice(-LONGEST)}`).toWellFormed();

const cutEnd = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`).toWellFormed();

/** What a schema makes of a value may be no JSON any more: a date, a map, a class. */
function toJson(output: unknown, context: Context): { readonly value: Json } | Refusal {
  if (checkData(output) === null) return { value: output as Json };
  const value = withoutUndefined(output);
  const fault = checkData(value);
  if (fault === null) return { value: value as Json };
  const message = `the schema makes something else than JSON of it: ${fault.replace(/^data/, context.root)}`;
  return mistake(new Error(message), context, message);
}

/** A field that holds `undefined` is no field in JSON. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const fields = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(fields.map(([name, item]) => [name, withoutUndefined(item)]));
}

/** The contract is at fault, not the client, so its author is notified. A retry would not help the client. */
function mistake(error: unknown, { root, pattern, events }: Context, message: string): Refusal {
  events.emit('fault', { where: `the schema for the ${root} of "${pattern}"`, error });
  return new PayloadRefusal([{ path: root, message: cutEnd(message) }]);
}

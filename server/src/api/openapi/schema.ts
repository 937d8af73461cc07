/** JSON Schemas of bodies and replies, in few words. */

/** JSON Schema 2020-12, as in OpenAPI 3.1. */
export type Schema = Readonly<Record<string, unknown>>;
type Properties = Readonly<Record<string, Schema>>;

/** Any JSON value. */
export const ANY: Schema = {};
export const FLAG: Schema = { type: 'boolean' };
export const NUMBER: Schema = { type: 'number' };

export const text = (more: Schema = {}): Schema => ({ type: 'string', ...more });

/** A string of limited length. */
export const upTo = (maxLength: number, description?: string): Schema =>
  text({ minLength: 1, maxLength, ...(description === undefined ? {} : { description }) });

export const whole = (minimum = 0, maximum: number = Number.MAX_SAFE_INTEGER): Schema => ({
  type: 'integer',
  minimum,
  maximum,
});

export const list = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more });

export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

export const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });

export const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

/** A reply: later versions may add fields. */
export const reply = (required: Properties, optional: Properties = {}): Schema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
});

/** A body: unknown fields are refused. */
export const body = (required: Properties, optional: Properties = {}): Schema => ({
  ...reply(required, optional),
  additionalProperties: false,
});

/** A schema of the document's components. */
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

import { clientError } from './errors.ts';

const FUNCTION = 'a function';
const BOOLEAN = 'a boolean';
const STRING = 'a string';
const OBJECT = 'an object';
const WHOLE = 'a whole number';

/** The allowed types of all arguments and options, by name; empty: any value. */
const ALLOWED: Readonly<Record<string, string>> = {
  // An option may have the name of a property of all objects.
  __proto__: null as never,
  onMessage: FUNCTION,
  onGap: FUNCTION,
  onState: FUNCTION,
  onError: FUNCTION,
  handler: FUNCTION,
  compare: FUNCTION,
  WebSocket: FUNCTION,
  listener: `${FUNCTION} or ${OBJECT}`,
  token: `${FUNCTION} or ${STRING}`,
  name: STRING,
  event: STRING,
  key: STRING,
  tokenUrl: `${STRING} or ${OBJECT}`,
  autoConnect: BOOLEAN,
  shareTabs: BOOLEAN,
  debug: BOOLEAN,
  passive: BOOLEAN,
  options: OBJECT,
  position: OBJECT,
  tags: OBJECT,
  codec: OBJECT,
  filter: OBJECT,
  signal: 'an AbortSignal',
  rewind: WHOLE,
  before: WHOLE,
  after: WHOLE,
  limit: WHOLE,
  since: `${WHOLE} or ${OBJECT}`,
  timeout: `${WHOLE} or real number`,
  url: '',
  trace: '',
  if: '',
  ttl: '',
};

/**
 * Checks the names and types of options and arguments. The gateway checks what it can explain better
 * (a limit, an empty name).
 *
 * @param options each of which may be `undefined`
 * @param required arguments by name
 * @returns the options
 * @throws SluiceError `option_invalid` with the argument's name and what it must be
 */
export function check<Options extends object>(options = {} as Options, required: object = {}): Options {
  for (const [name, value] of Object.entries({
    options,
    ...(typeof options === 'string' ? {} : options),
    ...required,
  })) {
    const kind = kindOf(value);
    const allowed = ALLOWED[name];
    if (kind === 'undefined' && !(name in required)) continue;
    if (allowed === undefined) throw clientError('option_invalid', `"${name}" is not an option.`);
    if (allowed && !allowed.includes(kind)) throw invalid(name, allowed, typeof value === 'number' ? value : kind);
  }
  return options;
}

// Numbers below 0 are allowed nowhere, so they have no kind: the message contains the number.
function kindOf(value: unknown): string {
  if (typeof value === 'number')
    return value >= 0 ? (Number.isInteger(value) ? 'whole number' : 'real number') : `${value}`;
  if (value === null) return 'null';
  return (value as AbortSignal | undefined)?.addEventListener ? 'AbortSignal' : typeof value;
}

/** The error for an argument of the wrong type. */
export function invalid(name: string, allowed: string, kind: unknown): Error {
  return clientError('option_invalid', `"${name}" must be ${allowed}, not ${kind}.`);
}

/**
 * Returns the address to connect to: without a path, the gateway's default one.
 *
 * @throws SluiceError `option_invalid`
 */
export function socketUrl(url: unknown): string {
  const text = `${url ?? ''}`;
  // An absolute URL with a WebSocket or HTTP scheme, or, on a page, a relative one.
  if (!text || /^(?!(ws|http)s?:\/\/.)[^/?]*:/i.test(text) || !(globalThis.location || /^\w+:/.test(text)))
    throw invalid('url', 'a full URL like wss://example.com/ws', text);
  return text.replace(/^(\w+:\/\/[^/?]+)\/?(?=\?|$)/, '$1/ws');
}

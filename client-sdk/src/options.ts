import { clientError } from './errors.ts';

const FUNCTION = 'a function';
const BOOLEAN = 'a boolean';
const STRING = 'a string';
const OBJECT = 'an object';
const WHOLE = 'a whole number';

/** What the arguments and options of the public functions must be, by their names. */
const ALLOWED: Readonly<Record<string, string>> = {
  // An option may be called like something that every object has.
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
  signal: 'an AbortSignal',
  rewind: WHOLE,
  before: WHOLE,
  after: WHOLE,
  limit: WHOLE,
  since: `${WHOLE} or ${OBJECT}`,
  timeout: `${WHOLE} or real number`,
};

/**
 * Holds what the application gave against what is allowed. Names that are not in the table may be anything, and what the gateway
 * refuses with a better reason (a limit, an empty name) is left to it.
 *
 * @param options of which each may be `undefined`
 * @param required arguments by their names
 * @returns the options
 * @throws SluiceError `option_invalid` that names the argument, and what it must be
 */
export function check<Options extends object>(options = {} as Options, required: object = {}): Options {
  for (const [name, value] of Object.entries({ ...options, ...required, options })) {
    const kind = kindOf(value);
    if ((kind !== 'undefined' || name in required) && ALLOWED[name]?.includes(kind) === false) {
      throw invalid(name, ALLOWED[name], typeof value === 'number' ? value : kind);
    }
  }
  return options;
}

// A number says of itself what it is: only those from 0 on are allowed anywhere.
function kindOf(value: unknown): string {
  if (typeof value === 'number')
    return value >= 0 ? (Number.isInteger(value) ? 'whole number' : 'real number') : `${value}`;
  if (value === null) return 'null';
  return (value as AbortSignal | undefined)?.addEventListener ? 'AbortSignal' : typeof value;
}

function invalid(name: string, allowed: string, kind: unknown): Error {
  return clientError('option_invalid', `"${name}" must be ${allowed}, not ${kind}.`);
}

/**
 * The address to connect to. One without a path means the gateway's own.
 *
 * @throws SluiceError `option_invalid`
 */
export function socketUrl(url: unknown): string {
  const text = `${url ?? ''}`;
  // An absolute URL with a WebSocket or HTTP scheme, or, in a page, a relative one.
  if (!text || /^(?!(ws|http)s?:\/\/.)[^/?]*:/i.test(text) || !(globalThis.location || /^\w+:/.test(text)))
    throw invalid('url', 'a full URL like wss://example.com/ws', text);
  return text.replace(/^(\w+:\/\/[^/?]+)\/?(?=\?|$)/, '$1/ws');
}

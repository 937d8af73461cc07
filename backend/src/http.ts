import { setTimeout as sleep } from 'node:timers/promises';
import { BackendError, type ErrorFields } from './backend-error.ts';
import { refuseOthers } from './options.ts';

/** How to reach the HTTP API of a gateway. */
export interface HttpOptions {
  /** The address of the gateway, such as `http://localhost:8080`, or of one of its apps, such as `http://localhost:8080/apps/shop`. */
  readonly url: string;
  readonly apiKey: string;
  /** How often a call is repeated that failed for a reason that may pass. Default: 3. */
  readonly retries?: number;
  /** Milliseconds that one attempt may take. Default: 30,000. */
  readonly timeout?: number;
  /** Default: the `fetch` of Node.js. */
  readonly fetch?: typeof fetch;
}

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Does a repetition of the call do no harm, even if the first attempt was carried out? */
  readonly repeatable: boolean;
}

/** Milliseconds of the first pause between attempts; it doubles, and varies by half. */
const PAUSE = 200;
const LONGEST_PAUSE = 10_000;

/** Requests to the gateway, repeated if that may help. */
export class Http {
  readonly #options: HttpOptions;

  /** @throws TypeError if an option is wrong */
  constructor(options: HttpOptions) {
    checkOptions(options);
    this.#options = options;
  }

  /** @throws BackendError, or an error with the `name` and the `cause` of that of `fetch` if the gateway cannot be reached */
  async call(call: HttpCall): Promise<unknown> {
    const { retries = 3 } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(call);
      } catch (error) {
        if (attempt >= retries || call.signal?.aborted === true || !mayPass(error, call)) throw error;
        await sleep(pauseAfter(attempt, error), undefined, { signal: call.signal });
      }
    }
  }

  async #attempt(call: HttpCall): Promise<unknown> {
    const { method, path, query, signal } = call;
    const { url: base } = this.#options;
    const url = new URL(`${basePath(base)}${path}${queryOf(query)}`, base);
    const { text, status, ok } = await this.#send(url, call).catch((error: unknown) => {
      if (signal?.aborted === true) throw error; // the caller's own reason
      throw unreachable(`${method} ${url.origin}${url.pathname}`, error);
    });
    if (!ok) throw errorOf(text, status);
    return text.trim() === '' ? undefined : parse(text, status);
  }

  async #send(url: URL, { method, body, signal }: HttpCall) {
    const { apiKey, timeout = 30_000, fetch: send = fetch } = this.#options;
    const late = AbortSignal.timeout(timeout);
    const response = await send(url, {
      method,
      headers: {
        Authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    });
    return { text: await response.text(), status: response.status, ok: response.ok };
  }
}

const OPTIONS = ['url', 'apiKey', 'retries', 'timeout', 'fetch'];

function checkOptions(options: HttpOptions): void {
  refuseOthers('Backend', options, OPTIONS);
  const { url, apiKey } = options;
  if (apiKey === '') throw new TypeError('Backend: "apiKey" is empty. It is an entry of the gateway\'s "apiKeys"');
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : NO_URL;
  if (/^https?:$/.test(protocol) && username === '' && password === '') return;
  // The URL is not repeated: it may have a password.
  throw new TypeError('Backend: "url" must be an http or https URL without a password, like "http://localhost:8080"');
}

const NO_URL = { protocol: '', username: '', password: '' };

/** What `fetch` has thrown, with the place. It keeps the name, such as `TimeoutError`. */
function unreachable(where: string, cause: unknown): Error {
  const error = new Error(`${where} failed: ${reasonOf(cause)}`, { cause });
  if (cause instanceof Error) error.name = cause.name;
  return error;
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.message === '') return reasonOf(cause.errors[0]);
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error instanceof Error ? error.message : String(error);
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notOfGateway(status);
  }
}

/** The path of an app, or empty. */
const basePath = (url: string): string => new URL(url).pathname.replace(/\/+$/, '');

/** A proxy may answer something else than JSON. */
function errorOf(text: string, status: number): BackendError {
  try {
    const body = JSON.parse(text) as { readonly error?: ErrorFields };
    if (body.error !== undefined) return new BackendError(body.error, status, body);
  } catch {
    // not an error of the gateway
  }
  return notOfGateway(status);
}

function notOfGateway(status: number): BackendError {
  const message = `the answer has the status ${status}, and is not from a Sluice gateway: check the URL, and the proxies`;
  return new BackendError({ name: 'unknown', code: 0, message, retryable: status >= 500 }, status);
}

/** Refusals of what was not begun. After any other error, or without an answer, it may have been carried out. */
const NOT_BEGUN: ReadonlySet<string> = new Set([
  'connecting_too_fast',
  'draining',
  'keys_unavailable',
  'no_responders',
  'queue_full',
  'rate_limited',
  'responders_busy',
  'storage_full',
  'token_not_active',
  'too_many_connections',
  'too_many_requests',
  'too_many_scheduled',
]);

/** May a repetition help, and do no harm? */
function mayPass(error: unknown, { repeatable }: HttpCall): boolean {
  if (!(error instanceof BackendError)) return repeatable;
  return error.retryable && (repeatable || NOT_BEGUN.has(error.name));
}

function pauseAfter(attempt: number, error: unknown): number {
  const wanted = error instanceof BackendError ? error.retryAfter : undefined;
  return wanted ?? Math.min(LONGEST_PAUSE, PAUSE * 2 ** attempt) * (0.5 + Math.random());
}

function queryOf(query: HttpCall['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

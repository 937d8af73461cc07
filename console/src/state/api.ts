import { linesOf } from './lines.ts';

/** A request that the gateway refused, or that did not reach it. */
export class ApiError extends Error {
  /** HTTP status; 0: there was no response. */
  readonly status: number;
  /** Name of the error in the catalogue. */
  readonly error: string;
  /** What to do about it. */
  readonly remedy: string | undefined;

  constructor(status: number, { error, message, remedy }: { error: string; message: string; remedy?: string }) {
    super(message);
    this.status = status;
    this.error = error;
    this.remedy = remedy;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Relative to `/console/`, so that a proxy may put the gateway under any path. */
const ROOT = '../api/v1';

/**
 * A path with its parameters encoded: `` path`channels/${name}` ``.
 *
 * @throws ApiError for names that addresses give a meaning, however they are encoded
 */
export const path = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.reduce((text, part, at) => `${text}${segmentOf(values[at - 1] ?? '')}${part}`);

function segmentOf(name: string): string {
  if (name !== '.' && name !== '..') return encodeURIComponent(name);
  const message = `"${name}" cannot be part of an address, so nothing can be done with it here.`;
  throw new ApiError(0, { error: 'name_invalid', message, remedy: 'Use a program that embeds the gateway.' });
}

/** Calls the gateway's HTTP API. The key is sent in a header, never in an address. */
export class Api {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  get<T>(to: string, query: Query = {}): Promise<T> {
    return this.#call<T>('GET', `${to}${searchOf(query)}`);
  }

  /** A stream of lines of JSON, until it ends or is aborted: see `linesOf`. */
  async *lines(to: string, query: Query, signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    const response = await this.#fetch('GET', `${to}${searchOf(query)}`, { signal });
    if (!response.ok || response.body === null) throw await problemOf(response);
    yield* linesOf(response.body);
  }

  post<T>(to: string, body: object = {}): Promise<T> {
    return this.#call<T>('POST', to, body);
  }

  delete<T>(to: string): Promise<T> {
    return this.#call<T>('DELETE', to);
  }

  async #call<T>(method: string, to: string, body?: object): Promise<T> {
    const response = await this.#fetch(method, to, body === undefined ? {} : { body });
    if (!response.ok) throw await problemOf(response);
    const text = await response.text();
    return (text === '' ? {} : parse(text, response.status)) as T;
  }

  #fetch(method: string, to: string, { body, signal }: Sending): Promise<Response> {
    const content = body === undefined ? {} : { 'Content-Type': 'application/json' };
    return fetch(`${ROOT}/${to}`, {
      method,
      headers: { Authorization: `Bearer ${this.#key}`, ...content },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      throw new ApiError(0, {
        error: 'unreachable',
        message: 'The gateway does not answer.',
        remedy: error instanceof Error ? `${error.message}. The page tries again.` : 'The page tries again.',
      });
    });
  }
}

interface Sending {
  readonly body?: object;
  readonly signal?: AbortSignal;
}

function searchOf(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

async function problemOf(response: Response): Promise<ApiError> {
  const answer: unknown = parse(await response.text(), response.status);
  return new ApiError(response.status, describe(answer, response.status));
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(status, { error: 'unreadable', message: `The response (${status}) is not JSON.` });
  }
}

function describe(answer: unknown, status: number): { error: string; message: string; remedy?: string } {
  const { error } = answer as { error?: { name?: string; message?: string; remedy?: string } };
  return {
    error: error?.name ?? 'error',
    message: error?.message ?? `The gateway answered with ${status}.`,
    ...(error?.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}

/** The HTTP API of any node, as a backend calls it. */
export class BackendApi {
  readonly #key: string;
  readonly #choose: () => number | undefined;

  /** @param choose the port of any node that accepts connections */
  constructor(key: string, choose: () => number | undefined) {
    this.#key = key;
    this.#choose = choose;
  }

  /** Resolves with the answer; with `undefined` if none came, so it is unknown whether it was carried out. */
  async call(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer | undefined> {
    const port = this.#choose();
    if (port === undefined) return undefined;
    try {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    } catch {
      // The node was killed, or the answer was cut off.
      return undefined;
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Milliseconds: longer than any answer of a node whose engine is away. */
const TIMEOUT = 20_000;

/** The name of the error that an answer carries. */
export function errorOf({ body }: Answer): string | undefined {
  const error = body.error as { name?: string } | undefined;
  return error?.name;
}

import type { Region, Ticket } from './ticket.ts';

/** The numbers of the queue, as the HTTP API returns them. */
export interface Numbers {
  readonly ready: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly dead: number;
}

export interface DeadLetter {
  readonly ordinal: number;
  readonly reason: string;
  readonly error?: string;
  readonly deliveries: number;
  readonly message: { readonly id: string; readonly data: Ticket; readonly tags?: { readonly region?: Region } };
}

const GROUP = '/api/v1/channels/desk%3Atickets/groups/queue';
/** Milliseconds between two looks at the numbers, which nothing announces. */
const INTERVAL = 2_000;

/**
 * The queue as its operator sees it, over the HTTP API. A real application asks its own backend,
 * which has the API key; here development mode gives it to the page.
 */
export class QueueNumbers {
  readonly #apiKey: () => string | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #numbers = $state.raw<Numbers | undefined>();
  #letters = $state.raw<readonly DeadLetter[]>([]);

  constructor(apiKey: () => string | undefined) {
    this.#apiKey = apiKey;
    this.#timer = setInterval(() => this.refresh(), INTERVAL);
    this.refresh();
  }

  /** `undefined` until they are known, or if the page has no API key. */
  get numbers(): Numbers | undefined {
    return this.#numbers;
  }

  /** Dead letters, the oldest first. */
  get letters(): readonly DeadLetter[] {
    return this.#letters;
  }

  refresh(): void {
    if (document.visibilityState === 'hidden') return;
    // The next refresh tries again.
    this.#load().catch(() => {});
  }

  /** Delivers a dead letter again. */
  async redrive({ ordinal }: DeadLetter): Promise<void> {
    await this.#call(`${GROUP}/redrive`, { ordinals: [ordinal] });
    await this.#load();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #load(): Promise<void> {
    const [numbers, dead] = await Promise.all([this.#call(GROUP), this.#call(`${GROUP}/dead`)]);
    if (numbers === undefined || dead === undefined) return;
    this.#numbers = numbers as Numbers;
    this.#letters = (dead as { letters: DeadLetter[] }).letters;
  }

  async #call(path: string, body?: object): Promise<unknown> {
    const key = this.#apiKey();
    if (key === undefined) return undefined;
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(path, { ...post, headers: { Authorization: `Bearer ${key}` } });
    if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
    return response.json();
  }
}

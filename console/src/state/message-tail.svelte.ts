import { type LoggedMessage, type LogPage, startOf } from '../lib/message.ts';
import { type Api, type ApiError, path } from './api.ts';
import { asApiError } from './session.svelte.ts';
import { LiveTap } from './tap.svelte.ts';

interface History extends LogPage {
  readonly epoch: string;
}

/** Messages of a page. */
const PAGE = 50;
/** Messages that the live tail shows. */
const KEEP = 200;
/** After every message. */
const FAR = 1e14;

/**
 * The messages of a channel: its newest ones as they are published, or an older page of its log.
 * Payloads are asked for only if somebody wants to see them, because the gateway logs that. Create it
 * while a component is initialized.
 */
export class MessageTail {
  /** Show payloads. */
  payloads = $state(false);
  /** The page before this offset; `undefined`: the newest messages, live. */
  before = $state<number | undefined>();
  readonly tap: LiveTap;
  /** Why the log could not be read. */
  problem = $state.raw<ApiError | undefined>();
  #page = $state.raw<History | undefined>();
  readonly #api: Api;
  readonly #channel: string;
  #reads = 0;

  constructor(api: Api, channel: string) {
    this.#api = api;
    this.#channel = channel;
    this.tap = new LiveTap(api, () => ({ channel, payloads: this.payloads }), {
      keep: KEEP,
      started: () => this.#catchUp(),
    });
    $effect(() => {
      void this.#read(this.before, this.payloads);
    });
  }

  /** Newest first; `undefined`: not known yet. */
  get messages(): readonly LoggedMessage[] | undefined {
    if (this.#page === undefined && this.problem === undefined) return undefined;
    const logged = (this.#page?.messages ?? []).toReversed();
    if (this.before !== undefined) return logged;
    const newest = logged[0]?.offset ?? 0;
    const published = this.tap.entries.filter(({ type }) => type === 'published') as unknown as LoggedMessage[];
    return [...published.filter(({ offset }) => offset > newest), ...logged].slice(0, KEEP);
  }

  /** Are the messages shown as they are published? */
  get live(): boolean {
    return this.before === undefined && this.tap.state === 'live';
  }

  /** Have all messages of this page expired, although there may be older and newer ones? */
  get hasExpired(): boolean {
    return this.messages?.length === 0 && this.#page?.covers !== undefined;
  }

  get canGoBack(): boolean {
    return (this.#oldest ?? 0) > (this.#page?.first ?? Number.POSITIVE_INFINITY);
  }

  older(): void {
    this.before = this.#oldest;
  }

  /** The offset at which the shown messages begin: that of the page, unless newer ones have displaced it. */
  get #oldest(): number | undefined {
    const oldest = this.messages?.at(-1)?.offset;
    const start = this.#page && startOf(this.#page);
    const isComplete = oldest === undefined || oldest === this.#page?.messages[0]?.offset;
    return isComplete ? start : oldest;
  }

  newest(): void {
    this.before = undefined;
  }

  /** Messages may have been published between two taps. */
  #catchUp(): void {
    if (this.before === undefined) void this.#read(undefined, this.payloads);
  }

  async #read(before: number | undefined, payloads: boolean): Promise<void> {
    const read = ++this.#reads;
    try {
      const query = { before: before ?? FAR, limit: PAGE, payloads };
      const page = await this.#api.get<History>(path`channels/${this.#channel}/messages`, query);
      if (read !== this.#reads) return;
      if (this.#page !== undefined && this.#page.epoch !== page.epoch) this.tap.clear(); // of another log
      this.#page = page;
      this.problem = undefined;
    } catch (error) {
      if (read === this.#reads) this.problem = asApiError(error);
    }
  }
}

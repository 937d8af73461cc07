import type { TapEntry } from '../../../server/src/tap/tap-entry.ts';
import type { Api, ApiError, Query } from './api.ts';
import { asApiError } from './session.svelte.ts';

/** What a tap sends: what nodes did, and what the reader must know about the tap itself. */
type Line = TapEntry | MissingNodes | LostEntries | { readonly type: 'end' };

interface MissingNodes {
  readonly type: 'missing';
  readonly nodes: readonly string[];
}
interface LostEntries {
  readonly type: 'lost';
  readonly count: number;
}

const isMissing = (line: Line): line is MissingNodes => line.type === 'missing';
const isLost = (line: Line): line is LostEntries => line.type === 'lost';

export interface TapOptions {
  /** Entries that are kept. */
  readonly keep: number;
  /** The tap runs, and from now on sees everything: read what was before. */
  readonly started: () => void;
}

/** Milliseconds before a tap that failed is tried again. */
const RETRY = 3_000;
/** Milliseconds after which a page that nobody touches stops: each tap costs the nodes a little, and is logged. */
const LONGEST = 10 * 60_000;

/**
 * What all nodes do for a user or on a channel, live. A tap of the gateway ends after a minute; this
 * one begins again, as long as the page is visible. Create it while a component is initialized, and
 * it ends with the component.
 */
export class LiveTap {
  /** Newest first. */
  entries = $state.raw<readonly TapEntry[]>([]);
  state = $state<'starting' | 'live' | 'paused'>('starting');
  problem = $state.raw<ApiError | undefined>();
  missing = $state.raw<readonly string[]>([]);
  /** Entries that the nodes dropped, because there were too many. */
  lost = $state(0);
  readonly #api: Api;
  readonly #options: TapOptions;
  #wish = $state(0);

  /** @param target is read again when something changes that it reads */
  constructor(api: Api, target: () => Query, options: TapOptions) {
    this.#api = api;
    this.#options = options;
    $effect(() => {
      void this.#wish; // a wish to go on starts it again
      const query = target();
      this.#reset();
      const stop = new AbortController();
      void this.#run(query, stop.signal);
      return () => stop.abort();
    });
  }

  /** Starts it again after it has paused. */
  resume(): void {
    this.#wish++;
  }

  /** Forgets the entries. */
  clear(): void {
    this.entries = [];
  }

  #reset(): void {
    this.state = 'starting';
    this.problem = undefined;
    this.entries = [];
    this.missing = [];
    this.lost = 0;
  }

  async #run(query: Query, signal: AbortSignal): Promise<void> {
    const until = performance.now() + LONGEST;
    while (!signal.aborted) {
      await visible(signal);
      if (performance.now() > until) break;
      await this.#read(query, signal);
    }
    if (!signal.aborted) this.state = 'paused';
  }

  /** One tap of the gateway, from its start to its end. */
  async #read(query: Query, signal: AbortSignal): Promise<void> {
    const ending = AbortSignal.any([signal, hidden()]);
    let isFirst = true;
    try {
      for await (const lines of this.#api.lines('tap', query, ending)) {
        if (isFirst) this.#started();
        isFirst = false;
        this.#take(lines as readonly Line[]);
      }
    } catch (error) {
      if (!ending.aborted) await this.#failed(asApiError(error), signal);
    }
  }

  #started(): void {
    this.state = 'live';
    this.problem = undefined;
    this.#options.started();
  }

  /** A gateway that is away, or has too many taps, may accept the next attempt. */
  async #failed(problem: ApiError, signal: AbortSignal): Promise<void> {
    this.problem = problem;
    this.state = 'starting';
    const isFinal = problem.status >= 400 && problem.status < 500 && problem.status !== 429;
    await pause(isFinal ? LONGEST : RETRY, signal);
  }

  #take(lines: readonly Line[]): void {
    const entries: TapEntry[] = [];
    for (const line of lines) {
      if (isMissing(line)) this.missing = line.nodes;
      else if (isLost(line)) this.lost += line.count;
      else if (line.type !== 'end') entries.unshift(line);
    }
    if (entries.length > 0) this.entries = [...entries, ...this.entries].slice(0, this.#options.keep);
  }
}

/** Resolves when the page is visible, or the signal aborts. */
async function visible(signal: AbortSignal): Promise<void> {
  while (document.visibilityState !== 'visible' && !signal.aborted) await changed(signal);
}

const changed = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Aborts when the page is hidden. */
function hidden(): AbortSignal {
  const controller = new AbortController();
  const look = () => {
    if (document.visibilityState !== 'visible') controller.abort();
  };
  document.addEventListener('visibilitychange', look, { signal: controller.signal });
  return controller.signal;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });

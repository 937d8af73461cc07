import { backoff } from './backoff.ts';
import { clientError, type SluiceError } from './errors.ts';
import { loadParts } from './load-parts.ts';
import type { Report } from './reporting.ts';
import { after } from './timer.ts';

/** What is not loaded with the page. */
export type Parts = Awaited<ReturnType<typeof loadParts>>;

/** The client for which something waits. */
interface Waiting {
  readonly report: Report;
  readonly calls: { readonly ended: SluiceError | undefined };
}

// Once for the page, however many clients it has.
let parts: Parts | undefined;
let waiting: (readonly [host: Waiting, run: (parts: Parts) => void, closed: (error: SluiceError) => void])[] = [];
let failures = 0;

/** What is loaded; `undefined` before anything of it was used. */
export function loadedParts(): Parts | undefined {
  return parts;
}

/**
 * Runs at once where the parts are loaded; otherwise when they are, in the order of the calls.
 *
 * @param closed called instead where the client is closed before
 */
export function withParts(host: Waiting, run: (parts: Parts) => void, closed: (error: SluiceError) => void): void {
  if (parts) run(parts);
  else if (waiting.push([host, run, closed]) === 1) load();
}

function load(): void {
  loadParts().then((loaded) => {
    // A call that is made meanwhile comes after those that wait.
    for (const [, run] of waiting) run(loaded);
    parts = loaded;
    waiting = [];
  }, retry);
}

/** Nothing is lost while they cannot be loaded, for instance without a network: the calls wait until they are. */
function retry(cause: unknown): void {
  waiting = waiting.filter(([{ calls }, , closed]) => !calls.ended || closed(calls.ended));
  waiting[0]?.[0].report('error', clientError('not_loaded', `A part of the client cannot be loaded: ${cause}`, cause));
  if (waiting[0]) after(backoff(failures++), load);
}

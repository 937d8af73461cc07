import { clientError, type SluiceError } from './errors.ts';
import { loadParts } from './load-parts.ts';
import type { Report } from './reporting.ts';
import { after } from './timer.ts';

/** What is not loaded with the page. */
export type Parts = Awaited<ReturnType<typeof loadParts>>;

/** The client that needs a part. */
interface Needing {
  readonly report: Report;
  readonly calls: { readonly ended: SluiceError | undefined };
}

// Pause before what could not be loaded is asked for again, in milliseconds; the same for all, so that they keep their order.
const RETRY = 1000;

// Once for the page, however many clients it has.
let parts: Parts | undefined;
let loading: Promise<Parts> | undefined;
let waiting = 0;

/** What is loaded; `undefined` before anything of it was used. */
export function loadedParts(): Parts | undefined {
  return parts;
}

/**
 * Runs at once if the parts are loaded; otherwise when they are, in the order of the calls. Nothing is lost while they cannot
 * be loaded, for instance without a network: the calls wait until they are.
 *
 * @param closed called instead if the client is closed before
 */
export function withParts(host: Needing, run: (parts: Parts) => void, closed: (error: SluiceError) => void): void {
  if (parts) {
    run(parts);
    return;
  }
  loading ??= loadParts();
  waiting++;
  loading.then(
    (loaded) => {
      run(loaded);
      // What a handler asks for meanwhile comes after all that wait.
      if (--waiting === 0) parts = loaded;
    },
    (cause) => {
      const { ended } = host.calls;
      waiting--;
      loading = undefined;
      if (ended) closed(ended);
      else {
        host.report('error', clientError('not_loaded', `Not loaded yet: ${cause}`, cause));
        after(RETRY, () => withParts(host, run, closed));
      }
    },
  );
}

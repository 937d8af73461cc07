import { clientError } from './errors.ts';
import { loadParts } from './load-parts.ts';
import type { PartsHost, PendingUse } from './pending-use.ts';
import { after } from './timer.ts';

/** The code that is loaded on demand. */
export type Parts = Awaited<ReturnType<typeof loadParts>>;

// Milliseconds until a failed load is retried.
const RETRY = 1000;

// Once per page, for all clients.
let parts: Parts | undefined;
let loading: Promise<Parts> | undefined;

/** The parts, if they are loaded. */
export function loadedParts(): Parts | undefined {
  return parts;
}

/**
 * Runs a use immediately if the parts are loaded, otherwise when they are, in the order of the calls.
 * If they cannot be loaded, for instance offline, the uses wait.
 */
export function withParts(host: PartsHost, use: PendingUse): void {
  if (parts && !host.pending[0]) use.run(parts as never);
  else if (host.pending.push(use) === 1) load(host);
}

function load(host: PartsHost): void {
  const { pending } = host;
  loading ??= loadParts();
  loading.then(
    (loaded) => {
      parts = loaded;
      // A use stays pending while it runs, so that calls of its handlers come after all pending uses.
      for (let use = pending[0]; use; use = pending[0]) {
        use.run(loaded as never);
        pending.shift();
      }
    },
    (cause) => {
      const { ended } = host.calls;
      loading = undefined;
      if (ended) for (const use of pending.splice(0)) use.refuse(ended);
      else {
        host.report('error', clientError('not_loaded', `Not loaded: ${cause}`, cause));
        after(RETRY, () => load(host));
      }
    },
  );
}

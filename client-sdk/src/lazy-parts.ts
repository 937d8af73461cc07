import { clientError, type SluiceError } from './errors.ts';
import { loadParts } from './load-parts.ts';
import type { Report } from './reporting.ts';
import { after } from './timer.ts';

/** What is not loaded with the page. */
export type Parts = Awaited<ReturnType<typeof loadParts>>;

/** Something that needs the parts. */
export interface PendingUse {
  /** The face of the channel that it is for: it stays the same object as long as something waits. */
  readonly handle: { readonly name: string };
  /** It is given the `Parts`. The type is not named, because the parts know their client by this one. */
  run(parts: never): void;
  /** Called instead if the client is closed before the parts are loaded. */
  refuse(error: SluiceError): void;
}

/** The client that needs the parts. */
export interface PartsHost {
  readonly report: Report;
  readonly calls: { readonly ended: SluiceError | undefined };
  /** What waits until the parts are loaded, in the order of the calls. */
  readonly pending: PendingUse[];
}

// Pause before a load that failed is retried, in milliseconds.
const RETRY = 1000;

// Once for the page, however many clients it has.
let parts: Parts | undefined;
let loading: Promise<Parts> | undefined;

/** What is loaded; `undefined` before anything of it was used. */
export function loadedParts(): Parts | undefined {
  return parts;
}

/**
 * Runs at once if the parts are loaded; otherwise when they are, in the order of the calls. Nothing is lost while they cannot
 * be loaded, for instance without a network: the calls wait.
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
      // A use is pending while it runs: what its handlers ask for comes after all that wait.
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
        host.report('error', clientError('not_loaded', `Not loaded yet: ${cause}`, cause));
        after(RETRY, () => load(host));
      }
    },
  );
}

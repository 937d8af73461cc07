import type { SluiceError } from './errors.ts';
import type { Report } from './reporting.ts';

/** A call that needs a part of the library that is loaded on demand. */
export interface PendingUse {
  /** The channel's public object. It stays the same object while a use is pending. */
  readonly handle: { readonly name: string };
  /** Receives the `Parts` of `lazy-parts.ts`, untyped: the parts depend on this file. */
  run(parts: never): void;
  /** Called instead if the client is closed before the parts are loaded. */
  refuse(error: SluiceError): void;
}

/** The client that needs the parts. */
export interface PartsHost {
  readonly report: Report;
  readonly calls: { readonly ended: SluiceError | undefined };
  /** Uses that wait until the parts are loaded, in the order of the calls. */
  readonly pending: PendingUse[];
}

import type { PartsHost, PendingUse } from '../lazy-parts.ts';
import * as parts from '../on-demand.ts';

/** Replaces `lazy-parts.ts` in the worker, which is one file: all parts are in it, and nothing waits. */
export const loadedParts = () => parts;

export function withParts(_host: PartsHost, use: PendingUse): void {
  use.run(parts as never);
}

import type { PartsHost, PendingUse } from '../lazy-parts.ts';
import * as parts from '../on-demand.ts';

/** Replaces `lazy-parts.ts` in the worker: its single file contains all parts, so nothing waits. */
export const loadedParts = () => parts;

export function withParts(_host: PartsHost, use: PendingUse): void {
  use.run(parts as never);
}

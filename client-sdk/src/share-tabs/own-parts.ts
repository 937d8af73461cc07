import * as parts from '../on-demand.ts';
import type { PartsHost, PendingUse } from '../pending-use.ts';

/** Replaces `lazy-parts.ts` in the worker: its single file contains all parts, so nothing waits. */
export const loadedParts = () => parts;

export function withParts(_host: PartsHost, use: PendingUse): void {
  use.run(parts as never);
}

import { withParts } from '../../src/lazy-parts.ts';
import type { PendingUse } from '../../src/pending-use.ts';

// Loads the parts in advance, so that tests of their behavior need not wait.
const host = { report: () => undefined, calls: { ended: undefined }, pending: [] as PendingUse[] };
await new Promise((run, refuse) => withParts(host, { handle: { name: '' }, run, refuse }));

import { type PendingUse, withParts } from '../../src/lazy-parts.ts';

// What a page loads when it is first used is there already: tests of what it does need not wait for it.
const host = { report: () => undefined, calls: { ended: undefined }, pending: [] as PendingUse[] };
await new Promise((run, refuse) => withParts(host, { handle: { name: '' }, run, refuse }));

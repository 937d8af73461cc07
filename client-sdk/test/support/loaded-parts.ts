import { withParts } from '../../src/lazy-parts.ts';

// What a page loads when it is first used is there already: tests of what it does need not wait for it.
const host = { report: () => undefined, calls: { ended: undefined } };
await new Promise((resolve, reject) => withParts(host, resolve, reject));

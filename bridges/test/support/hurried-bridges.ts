import { loadBridge } from '@sluice/bridges';
import type { BridgesPackage, Clock } from '@sluice/server/bridging';

/** Milliseconds: what a bridge waits for at least this long is a limit, and not a pause before it tries again. */
const LIMIT = 10_000;
/** How many times shorter pauses are. */
const HASTE = 8;

/** A clock whose pauses are short, so that a test does not wait for a bridge that waits for nothing. */
export const hurried = (clock: Clock): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  after: (delay, task) => clock.after(delay < LIMIT ? delay / HASTE : delay, task),
});

/** The package, with bridges that try again soon. */
export const hurriedBridges = async (): Promise<BridgesPackage> => ({
  loadBridge: (config, host) => loadBridge(config, { ...host, clock: hurried(host.clock) }),
});

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** How many of these objects something still holds, after a garbage collection. */
export async function countHeld(of: readonly WeakRef<object>[]): Promise<number> {
  // A WeakRef holds its object until the end of the task that has made it, or looked at it.
  await setImmediate();
  collect();
  return of.filter((each) => each.deref() !== undefined).length;
}

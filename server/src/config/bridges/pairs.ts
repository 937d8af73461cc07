import type { BridgeOptions } from '../../bridge.ts';

/** Options of a connection that are of no use without each other. */
export type Pairs = readonly (readonly [string, string])[];

/** Finds the first pair of which only one is given. */
export function faultOfPairs(pairs: Pairs, connection: BridgeOptions) {
  for (const [one, other] of pairs) {
    const [given, missing] = connection[one] === undefined ? [other, one] : [one, other];
    if (connection[given] !== undefined && connection[missing] === undefined) {
      return { option: given, fault: `is of no use without "${missing}". Add it, or remove both` };
    }
  }
  return undefined;
}

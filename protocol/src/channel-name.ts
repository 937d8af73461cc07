import { LIMITS } from './limits.ts';

const NAME = /^[A-Za-z0-9_\-.~@$=+,]+(?::[A-Za-z0-9_\-.~@$=+,]+)*$/;

/**
 * Is this the name of a channel? Segments joined by `:`, none empty, 1 to 200 characters in all. SPEC.md section 3.1.
 */
export function isChannelName(name: string): boolean {
  return name.length <= LIMITS.channelLength && NAME.test(name);
}

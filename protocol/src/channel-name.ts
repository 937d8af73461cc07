import { LIMITS } from './limits.ts';

const NAME = /^[A-Za-z0-9_\-.~@$=+,]+(?::[A-Za-z0-9_\-.~@$=+,]+)*$/;

/**
 * Is this the name of a channel? Segments joined by `:`, none empty, 1 to 200 characters in all. SPEC.md section 3.1.
 */
export function isChannelName(name: string): boolean {
  return name.length <= LIMITS.channelLength && NAME.test(name);
}

/**
 * Returns why a text is not the name of a channel; `null` if it is one. The reason quotes only its
 * beginning, escaped.
 */
export function channelNameFault(name: string): string | null {
  if (isChannelName(name)) return null;
  const most = LIMITS.channelLength;
  if (name.length > most) {
    return `the channel's name has ${name.length} characters; with its escapes it may have at most ${most} (SPEC.md section 3.1)`;
  }
  const start = name.slice(0, 60).replace(/[^\x20-\x7e]|["\\]/g, '?') + (name.length > 60 ? '…' : '');
  return `"${start}" is not a channel name. Encode names and identifiers with segment(), for example segment("Ada Lovelace").`;
}

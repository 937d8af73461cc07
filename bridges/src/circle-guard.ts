/**
 * Keeps messages from going in circles. A record names the gateway and the channel that sent it
 * (`sluice-origin`, `sluice-channel`). A channel that gets a record of a gateway keeps where it was in
 * a tag, and whatever sends that channel passes it on (`sluice-via`), so that a message is recognised
 * after any number of gateways.
 */
import { createHash } from 'node:crypto';
import { LIMITS, type Tags } from '@sluice/protocol';
import type { BridgeHost } from '@sluice/server/bridging';
import { headerOf } from './body.ts';

/** Names the gateway or cluster that a message came from. */
export const ORIGIN = 'sluice-origin';
/** The channel that a message came from. */
export const CHANNEL = 'sluice-channel';
/** The channels of gateways where a message was before. */
export const VIA = 'sluice-via';
/** The same, as a tag of a message that a bridge has published. */
export const VIA_TAG = 'x-via';

/** Characters of a place. */
const LENGTH = 12;
const PLACE = /^[\w-]{12}$/;
/** Places that a tag has room for, with a space between them. */
const MOST = Math.floor((LIMITS.tagValueLength + 1) / (LENGTH + 1));

type Headers = Readonly<Record<string, string>>;

/** A channel of a gateway, short enough for a tag and without characters that a broker refuses. */
const placeOf = (origin: string, channel: string): string =>
  createHash('sha256').update(`${origin}\n${channel}`).digest('base64url').slice(0, LENGTH);

const placesOf = (headers: Headers): readonly string[] =>
  (headerOf(headers, VIA) ?? '').split(' ').filter((place) => PLACE.test(place));

/** Was a record in this channel before, here, or in one that gets a copy of what it would become? */
export function isBack(headers: Headers, channel: string, host: Pick<BridgeHost, 'origin' | 'copiesOf'>): boolean {
  const origin = headerOf(headers, ORIGIN);
  if (origin === undefined) return false;
  const own = host.origin();
  const before = placesOf(headers);
  if (origin !== own && before.length === 0) return false;
  const sent = headerOf(headers, CHANNEL);
  return [channel, ...host.copiesOf(channel)].some(
    (each) => (origin === own && sent === each) || before.includes(placeOf(own, each)),
  );
}

/** The tag for a message that is made of a record; none, if no gateway has sent it, or if there is no room. */
export function viaTagOf(headers: Headers, tags: Tags = {}): Tags {
  const [origin, channel] = [headerOf(headers, ORIGIN), headerOf(headers, CHANNEL)];
  if (origin === undefined || channel === undefined) return {};
  if (Object.keys(tags).length >= LIMITS.tags && !Object.hasOwn(tags, VIA_TAG)) return {};
  return { [VIA_TAG]: [...placesOf(headers), placeOf(origin, channel)].slice(-MOST).join(' ') };
}

/** The header of a record that is made of a message, and the tags that are left. */
export function viaHeaderOf({ [VIA_TAG]: via, ...tags }: Tags): { readonly headers: Headers; readonly tags: Tags } {
  return { headers: via === undefined ? {} : { [VIA]: via }, tags };
}

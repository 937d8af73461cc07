import type { Json } from '@sluice/protocol';
import type { ChannelHost } from '../channel-host.ts';
import type { Members, PresenceListener } from '../presence-api.ts';
import type { Handle } from '../remote-resource.ts';
import type { Cancel } from '../timer.ts';
import { Membership } from './membership.ts';
import { presenceSubscriber } from './presence-subscriber.ts';
import { PresenceWatch } from './presence-watch.ts';
import type { Roster } from './roster.ts';

/** Who is present, where something listens. */
export function findRoster(handle: Handle, host: ChannelHost): Roster | undefined {
  return host.find(PresenceWatch, handle)?.roster;
}

/** Calls the handlers for those who come and go. @returns stops that */
export function observePresence(
  handle: Handle,
  host: ChannelHost,
  handlers: PresenceListener,
  members: Members,
): Cancel {
  const watch = host.resource(PresenceWatch, handle);
  const subscriber = presenceSubscriber(handlers, members, watch.host);
  watch.add(subscriber);
  host.use();
  return () => {
    subscriber.end('ended', {});
    watch.remove(subscriber);
  };
}

/** Becomes a member, or changes the state. */
export function enterPresence(handle: Handle, host: ChannelHost, state: Json | undefined): Promise<void> {
  const entered = host.resource(Membership, handle).enter(state);
  host.use();
  return entered;
}

/** Changes the state of a member. */
export async function updatePresence(handle: Handle, host: ChannelHost, state: Json | undefined): Promise<void> {
  if (host.find(Membership, handle)?.wanted) return enterPresence(handle, host, state);
  throw host.refusal(4317, 'not_member', `${handle.name}: enter first.`);
}

/** Is no member any more. */
export async function leavePresence(handle: Handle, host: ChannelHost): Promise<void> {
  return host.find(Membership, handle)?.leave();
}

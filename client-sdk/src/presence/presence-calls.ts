import type { Json } from '@sluice/protocol';
import type { ChannelHost } from '../channel-host.ts';
import type { CompareMembers, Members, PresenceListener } from '../presence-api.ts';
import type { Handle } from '../remote-resource.ts';
import type { Cancel } from '../timer.ts';
import { byUser, viewRoster } from './members.ts';
import { Membership } from './membership.ts';
import { presenceSubscriber } from './presence-subscriber.ts';
import { PresenceWatch } from './presence-watch.ts';

interface Observing {
  readonly listener: PresenceListener | ((members: Members) => void);
  /** What a listener is given. */
  readonly members: Members;
}

/** The members in an order: of nobody, unless something listens. */
export function viewMembers(handle: Handle, host: ChannelHost, compare: CompareMembers = byUser): object {
  return viewRoster(() => host.find(PresenceWatch, handle)?.roster, compare);
}

/** Calls the listener for those who come and go. @returns stops that */
export function observePresence(handle: Handle, host: ChannelHost, { listener, members }: Observing): Cancel {
  const watch = host.resource(PresenceWatch, handle);
  const handlers = typeof listener === 'function' ? { change: listener } : listener;
  const subscriber = presenceSubscriber(handlers, members, watch.host);
  watch.add(subscriber);
  host.use();
  return () => {
    subscriber.end('ended', {});
    watch.remove(subscriber);
  };
}

/** What a channel's presence may be asked to do. */
export const actions = {
  /** Becomes a member, or changes the state. */
  enter(handle: Handle, host: ChannelHost, state?: Json): Promise<void> {
    const entered = host.resource(Membership, handle).enter(state);
    host.use();
    return entered;
  },

  /** Changes the state of a member. */
  async update(handle: Handle, host: ChannelHost, state?: Json): Promise<void> {
    if (host.find(Membership, handle)?.wanted) return actions.enter(handle, host, state);
    throw host.refusal(4317, 'not_member', `${handle.name}: enter first.`);
  },

  /** Is no member any more. */
  async leave(handle: Handle, host: ChannelHost): Promise<void> {
    return host.find(Membership, handle)?.leave();
  },
};

import type { Json, MembersResult } from '@sluice/protocol';
import type { ChannelHost } from '../channel-host.ts';
import { NOT_MEMBER } from '../codes.ts';
import type { CompareMembers, Members, MembersPageOptions, PresenceListener } from '../presence-api.ts';
import type { Handle } from '../remote-resource.ts';
import type { Cancel } from '../timer.ts';
import { byUser, viewRoster } from './members.ts';
import { Membership } from './membership.ts';
import { presenceSubscriber } from './presence-subscriber.ts';
import { PresenceWatch } from './presence-watch.ts';

interface Observing {
  readonly listener: PresenceListener | ((members: Members) => void);
  /** What a listener receives. */
  readonly members: Members;
}

/** The code behind the methods of `Presence`, by their names. */
export const presence = {
  /** A sorted view of the members; empty without a listener. */
  sorted(handle: Handle, host: ChannelHost, compare: CompareMembers = byUser): object {
    return viewRoster(() => host.find(PresenceWatch, handle)?.roster, compare);
  },

  /** Adds a listener. @returns removes it */
  subscribe(handle: Handle, host: ChannelHost, { listener, members }: Observing): Cancel {
    const watch = host.resource(PresenceWatch, handle);
    const handlers = typeof listener === 'function' ? { change: listener } : listener;
    const subscriber = presenceSubscriber(handlers, members, watch.host);
    watch.add(subscriber);
    host.use();
    return () => {
      subscriber.end('ended', {});
      watch.forget(subscriber);
    };
  },

  /** Becomes a member, or changes the state. */
  enter(handle: Handle, host: ChannelHost, state?: Json): Promise<void> {
    const entered = host.resource(Membership, handle).enter(state);
    host.use();
    return entered;
  },

  /** Changes the state of a member. */
  async update(handle: Handle, host: ChannelHost, state?: Json): Promise<void> {
    if (host.find(Membership, handle)?.wanted) return presence.enter(handle, host, state);
    throw host.refusal(NOT_MEMBER, 'not_member', `${handle.name}: enter first.`);
  },

  /** Ends the membership. */
  async leave(handle: Handle, host: ChannelHost): Promise<void> {
    return host.find(Membership, handle)?.leave();
  },

  /** Reads a page of the members. */
  page(handle: Handle, host: ChannelHost, { signal, ...page }: MembersPageOptions): Promise<MembersResult> {
    return host.execute({ type: 'members', channel: handle.name, ...page }, { signal });
  },
};

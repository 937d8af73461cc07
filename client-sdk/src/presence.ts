import type { Json } from '@sluice/protocol';
import type { ChannelHost } from './channel.ts';
import { refusal } from './errors.ts';
import { byUser, MembersView } from './members.ts';
import { Membership } from './membership.ts';
import { check } from './options.ts';
import type { MembersPage, Presence, PresenceListener } from './presence-api.ts';
import { presenceSubscriber } from './presence-subscriber.ts';
import { PresenceWatch } from './presence-watch.ts';
import type { Handle } from './remote-resource.ts';
import { request } from './request.ts';

/** Makes the face of a channel's presence. It holds no state: that is on the gateway. */
export function facePresence<State>(handle: Handle, host: ChannelHost): Presence<State> {
  const roster = () => host.find(PresenceWatch, handle)?.roster;
  const membership = () => host.find(Membership, handle);
  const members = new MembersView<State>(roster, byUser);

  const enter = async (state?: State) => {
    const copy = state === undefined ? state : host.calls.copy(state).copy;
    const entered = host.resource(Membership, handle).enter(copy as Json | undefined);
    host.use();
    return entered;
  };

  return {
    members,
    enter,
    get counting() {
      return roster()?.counting ?? false;
    },
    sorted(compare) {
      check({}, { compare });
      return new MembersView(roster, compare);
    },
    subscribe(listener) {
      check({}, { listener });
      const handlers = typeof listener === 'function' ? { change: listener } : listener;
      const resource = host.resource(PresenceWatch, handle);
      const subscriber = presenceSubscriber(handlers as PresenceListener, members, resource.host);
      resource.add(subscriber);
      host.use();
      return () => {
        subscriber.end('ended', {});
        resource.remove(subscriber);
      };
    },
    async update(state) {
      if (membership()?.wanted) return enter(state);
      throw refusal(4317, 'not_member', `${handle.name}: enter first.`);
    },
    async leave() {
      return membership()?.leave();
    },
    async page(options) {
      const { signal, ...page } = check(options);
      const body = { type: 'members', channel: handle.name, ...page } as const;
      return (await request(host, body, { signal })) as MembersPage<State>;
    },
  };
}

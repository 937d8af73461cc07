import type { Json } from '@sluice/protocol';
import type { ChannelHost } from './channel.ts';
import { refusal } from './errors.ts';
import { byUser, MembersView } from './members.ts';
import { Membership } from './membership.ts';
import { onlook } from './onlooker.ts';
import { check } from './options.ts';
import type { MembersPage, Presence, PresenceListener } from './presence-api.ts';
import { request } from './request.ts';
import { Watch } from './watch.ts';
import type { Handle } from './wire.ts';

/** Makes the face of a channel's presence. It holds no state: that is on the wire. */
export function facePresence<State>(handle: Handle, host: ChannelHost): Presence<State> {
  const roster = () => host.find(Watch, handle)?.roster;
  const membership = () => host.find(Membership, handle);
  const members = new MembersView<State>(roster, byUser);

  const enter = async (state?: State) => {
    const copy = state === undefined ? state : host.calls.copy(state).copy;
    const entered = host.wire(Membership, handle).enter(copy as Json | undefined);
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
      const wire = host.wire(Watch, handle);
      const onlooker = onlook(handlers as PresenceListener, members, wire.host);
      wire.add(onlooker);
      host.use();
      return () => {
        onlooker.end('ended', {});
        wire.remove(onlooker);
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

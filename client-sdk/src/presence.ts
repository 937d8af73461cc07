import type { Json } from '@sluice/protocol';
import type { ChannelHost } from './channel-host.ts';
import { byUser, MembersView } from './members.ts';
import { check } from './options.ts';
import type { Members, MembersPage, Presence, PresenceListener } from './presence-api.ts';
import { loadedParts, type Parts, withParts } from './lazy-parts.ts';
import type { Handle } from './remote-resource.ts';
import { request } from './request.ts';
import { nothing } from './timer.ts';

/** Makes the face of a channel's presence. It holds no state: that is on the gateway, and in a part that is loaded when it is used. */
export function facePresence<State>(handle: Handle, host: ChannelHost): Presence<State> {
  const roster = () => loadedParts()?.findRoster(handle, host);
  const members = new MembersView<State>(roster, byUser);

  const call = (act: (parts: Parts) => Promise<void>) =>
    new Promise<void>((resolve, reject) => withParts(host, (parts) => resolve(act(parts)), reject));
  const copyOf = (state: State | undefined) =>
    (state === undefined ? state : host.calls.copy(state).copy) as Json | undefined;

  return {
    members,
    get counting() {
      return roster()?.counting ?? false;
    },
    sorted(compare) {
      check({}, { compare });
      return new MembersView(roster, compare);
    },
    subscribe(listener) {
      check({}, { listener });
      const handlers = (typeof listener === 'function' ? { change: listener } : listener) as PresenceListener;
      let isStopped = false;
      let stop = nothing;
      withParts(
        host,
        (parts) => {
          if (!isStopped) stop = parts.observePresence(handle, host, handlers, members as Members);
        },
        (error) => host.report('error', error, { instead: handlers.error }),
      );
      host.use();
      return () => {
        isStopped = true;
        stop();
      };
    },
    async enter(state) {
      const copy = copyOf(state);
      const entered = call((parts) => parts.enterPresence(handle, host, copy));
      host.use();
      return entered;
    },
    async update(state) {
      const copy = copyOf(state);
      return call((parts) => parts.updatePresence(handle, host, copy));
    },
    async leave() {
      return call((parts) => parts.leavePresence(handle, host));
    },
    async page(options) {
      const { signal, ...page } = check(options);
      const body = { type: 'members', channel: handle.name, ...page } as const;
      return (await request(host, body, { signal })) as MembersPage<State>;
    },
  };
}

import type { Json } from '@sluice/protocol';
import type { ChannelHost } from './channel-host.ts';
import { loadedParts, type Parts, withParts } from './lazy-parts.ts';
import { check } from './options.ts';
import type { CompareMembers, Members, MembersPage, Presence, PresenceListener } from './presence-api.ts';
import type { Handle } from './remote-resource.ts';
import { request } from './request.ts';
import { type Cancel, nothing } from './timer.ts';

/** What is shown until the part of presence is loaded, and the list of nobody. */
const NOBODY = {
  size: 0,
  total: 0,
  list: Object.freeze([]),
  counting: false,
  get: nothing,
  has: () => false,
  [Symbol.iterator]: () => [].values(),
};

/** Makes the face of a channel's presence. What is behind it is loaded when it is first used (`presence/actions.ts`). */
export function facePresence<State>(handle: Handle, host: ChannelHost): Presence<State> {
  /** The members in an order. The object is the same before and after the part is loaded. */
  const view = (compare?: CompareMembers<State>) => {
    let loaded: object | undefined;
    return new Proxy(NOBODY, {
      get(nobody, name) {
        loaded ??= loadedParts()?.viewMembers(handle, host, compare as CompareMembers | undefined);
        return Reflect.get(loaded ?? nobody, name) ?? Reflect.get(nobody, name);
      },
    }) as unknown as Members<State> & { readonly counting: boolean };
  };
  const members = view();

  const action = (name: 'enter' | 'update' | 'leave') => async (state?: unknown) => {
    // Changing it afterwards changes nothing.
    const copy = state === undefined ? state : host.calls.copy(state).copy;
    return new Promise<void>((resolve, reject) => {
      const run = (parts: Parts) => resolve(parts.actions[name](handle, host, copy as Json | undefined));
      withParts(host, { handle, run, refuse: reject });
      if (name === 'enter') host.use();
    });
  };

  return {
    members,
    get counting() {
      return members.counting;
    },
    sorted(compare) {
      check({}, { compare });
      return view(compare);
    },
    subscribe(listener) {
      check({}, { listener });
      const given = listener as PresenceListener;
      let stop: Cancel | undefined = nothing;
      withParts(host, {
        handle,
        run(parts: Parts) {
          stop &&= parts.observePresence(handle, host, { listener: given, members });
        },
        refuse: (error) => host.report('error', error, { instead: given.error }),
      });
      host.use();
      return () => {
        stop?.();
        stop = undefined;
      };
    },
    enter: action('enter'),
    update: action('update'),
    leave: action('leave'),
    async page(options) {
      const { signal, ...page } = check(options);
      const body = { type: 'members', channel: handle.name, ...page } as const;
      return (await request(host, body, { signal })) as MembersPage<State>;
    },
  };
}

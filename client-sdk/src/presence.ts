import type { ChannelHost } from './channel-host.ts';
import { loadedParts, type Parts, withParts } from './lazy-parts.ts';
import { check } from './options.ts';
import type { CompareMembers, Members, Presence, PresenceListener } from './presence-api.ts';
import type { Handle } from './remote-resource.ts';
import { type Cancel, nothing } from './timer.ts';

/** The members until the code for presence is loaded. */
const NOBODY: Readonly<Record<string | symbol, unknown>> = {
  size: 0,
  total: 0,
  list: Object.freeze([]),
  counting: false,
  get: nothing,
  has: () => false,
  [Symbol.iterator]: () => [].values(),
};

/** Creates the public object of a channel's presence. `presence/presence-calls.ts` is loaded on first use. */
export function facePresence<State>(handle: Handle, host: ChannelHost): Presence<State> {
  /** A sorted view of the members. It is the same object before and after the code is loaded. */
  const view = (compare?: CompareMembers<State>) => {
    let loaded: typeof NOBODY | undefined;
    return new Proxy(NOBODY, {
      get(nobody, name) {
        loaded ??= loadedParts()?.presence.sorted(handle, host, compare as CompareMembers | undefined) as typeof loaded;
        return (loaded ?? nobody)[name] ?? nobody[name];
      },
    }) as unknown as Members<State> & { readonly counting: boolean };
  };
  const members = view();

  const load = (name: 'enter' | 'update' | 'leave' | 'page', given: unknown) =>
    new Promise<never>((resolve, reject) => {
      const run = ({ presence }: Parts) => resolve(presence[name](handle, host, given as never) as never);
      withParts(host, { handle, run, refuse: reject });
      if (name === 'enter') host.use();
    });
  // Later changes of the state have no effect.
  const action = (name: 'enter' | 'update' | 'leave') => async (state?: unknown) =>
    load(name, state === undefined ? state : host.calls.copy(state).copy);

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
        run({ presence }: Parts) {
          stop &&= presence.subscribe(handle, host, { listener: given, members });
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
    page: async (options) => load('page', check(options)),
  };
}

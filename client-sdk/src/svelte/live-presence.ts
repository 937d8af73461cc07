import type { ChannelName, Channels, Client, StateOf } from '../index.ts';
import {
  type AnyClient,
  type OwnStateOf,
  type PresenceHandlers,
  type PresenceSnapshot,
  type PresenceStore,
  presenceStore,
} from '../stores/index.ts';
import { type ChannelSource, Live } from './live.ts';

/** Who is present in a channel, with reactive properties; and being so, with `stay`. */
export interface LivePresence<State = unknown, Own = State>
  extends PresenceSnapshot<State>,
    Pick<PresenceStore<State, Own>, 'stay'> {
  /**
   * Watches the channel as it is named now, also while nothing on the page reads who is there.
   *
   * @returns ends it
   *
   * @example
   * import type { LivePresence } from '@sluice/client/svelte';
   *
   * declare const company: LivePresence;
   * const stop = company.start();
   * stop();
   */
  start(): () => void;
}

/**
 * Who is present in a channel. It watches while an effect or a template reads it; all with the same channel share one list.
 * To be present oneself, return `stay(state)` from an effect.
 *
 * @param channel a name, or a function that reads it from reactive state: another name moves the watch
 *
 * @throws SluiceError `option_invalid` that names the argument which is not valid
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { livePresence } from '@sluice/client/svelte';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const company = livePresence<{ typing: boolean }>(client, 'chat:lobby');
 * const leave = company.stay({ typing: false });
 * console.log(company.members.map(({ user }) => user));
 * leave();
 */
export function livePresence<State = unknown>(
  client: Client,
  channel: ChannelSource,
  handlers?: PresenceHandlers<State>,
): LivePresence<State>;
export function livePresence<C extends Channels, const Name extends ChannelName<C>>(
  client: Client<C>,
  channel: ChannelSource<Name>,
  handlers?: PresenceHandlers<StateOf<C, Name>>,
): LivePresence<StateOf<C, Name>, OwnStateOf<C, Name>>;
export function livePresence(
  client: AnyClient,
  channel: ChannelSource,
  handlers?: PresenceHandlers<never>,
): LivePresence {
  // It opens nothing, and checks its arguments.
  presenceStore(client as Client, typeof channel === 'function' ? null : channel);
  presenceStore(client as Client, null).subscribe(() => {}, handlers as PresenceHandlers);
  const live = new Live<PresenceSnapshot, PresenceStore>(channel, {
    make: (name) => presenceStore(client as Client, name),
    subscribe: (store, onChange) => store.subscribe(onChange, handlers as PresenceHandlers),
  });
  return {
    get members() {
      return live.snapshot.members;
    },
    get total() {
      return live.snapshot.total;
    },
    get counting() {
      return live.snapshot.counting;
    },
    get ready() {
      return live.snapshot.ready;
    },
    get error() {
      return live.snapshot.error;
    },
    stay: (state) => live.store.stay(state),
    start: () => live.start(),
  };
}

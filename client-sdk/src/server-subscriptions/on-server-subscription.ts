import { onAbort } from '../abort.ts';
import type { ResourceKind } from '../channel-host.ts';
import { checkRequired, FUNCTION } from '../check-values.ts';
import { hostOf } from '../entry-host.ts';
import type { Channel } from '../index.ts';
import type { ServerSubscription, ServerSubscriptionOptions } from './api.ts';
import { ServerSubscriptions } from './server-subscriptions.ts';

/** The part of a client that is needed. */
export interface ChannelSource {
  channel(name: string): Channel;
}

/**
 * Calls a handler for each channel that the backend subscribes this connection to
 * (`POST /api/v1/users/{user}/subscribe`). The handler decides what happens with its messages: it
 * subscribes with the `position`, and nothing is missed. Until it does, the SDK drops the messages.
 *
 * After a lost connection the client subscribes again by itself, as with every subscription. Then the
 * user needs the permission `subscribe`, from the rule or the token.
 *
 * @returns a function that ends the listening; the subscriptions continue
 * @throws SluiceError `option_invalid`
 *
 * @example
 * import { onServerSubscription } from '@sluice/client/server-subscriptions';
 *
 * onServerSubscription(client, ({ channel, position }) => {
 *   channel.subscribe((message) => console.log(channel.name, message.data), { position });
 * });
 */
export function onServerSubscription(
  client: ChannelSource,
  handler: (subscription: ServerSubscription) => void,
  { signal }: ServerSubscriptionOptions = {},
): () => void {
  checkRequired('handler', handler, FUNCTION);
  const host = hostOf(client.channel('server-subscriptions'));
  const handle = { name: '', channel: (name: string) => client.channel(name) };
  const listener = { handler };
  const resource = host.resource(ServerSubscriptions as ResourceKind<ServerSubscriptions>, handle);
  const stop = () => {
    ignoreSignal();
    resource.remove(listener);
  };
  const ignoreSignal = onAbort(signal, stop);
  if (signal?.aborted) return stop;
  resource.add(listener);
  host.use();
  return stop;
}

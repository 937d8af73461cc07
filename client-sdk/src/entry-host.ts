import type { ChannelHost } from './channel-host.ts';
import { OPTION_INVALID } from './codes.ts';
import { SluiceError } from './index.ts';
import type { Handle, Host } from './remote-resource.ts';

/** The client, as entries use it that add functions to a channel. */
export type EntryHost = ChannelHost & Host;

/**
 * Returns the client of a channel.
 *
 * @throws SluiceError `option_invalid` if it is not a channel of a client
 */
export function hostOf(channel: Handle): EntryHost {
  const { host } = (channel ?? {}) as { readonly host?: EntryHost };
  if (host) return host;
  const message = '"channel" must be a channel of a client: client.channel(name).';
  throw new SluiceError({ code: OPTION_INVALID, name: 'option_invalid', message, retryable: false });
}

import type { refusal } from './errors.ts';
import type { PartsHost } from './lazy-parts.ts';
import type { Handle, Host, RemoteResource } from './remote-resource.ts';
import type { Asking } from './request.ts';

/** A kind of thing that a channel may keep on the gateway. */
export type ResourceKind<W extends RemoteResource> = new (handle: Handle, host: Host, sub?: number) => W;

/** What a channel needs of the client. */
export interface ChannelHost extends Asking, PartsHost {
  readonly calls: Asking['calls'];
  /** Makes an error of the catalogue. What is loaded later cannot make one: its class exists once. */
  readonly refusal: typeof refusal;
  /** The channel's resource of this kind on the gateway; created on first use. */
  resource<W extends RemoteResource>(kind: ResourceKind<W>, channel: Handle, sub?: number): W;
  /** What the channel keeps on the gateway of this kind, if anything. */
  find<W extends RemoteResource>(kind: ResourceKind<W>, channel: Handle, sub?: number): W | undefined;
}

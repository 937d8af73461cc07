import type { CommandType, Results } from '@sluice/protocol';
import type { Body } from './calls.ts';
import type { refusal } from './errors.ts';
import type { CommandHost, ExecuteOptions } from './execute.ts';
import type { PartsHost } from './pending-use.ts';
import type { Handle, Host, Resource } from './remote-resource.ts';

/** A class of things that a channel keeps on the gateway. */
export type ResourceKind<W extends Resource> = new (handle: Handle, host: Host, variant?: unknown) => W;

/** The part of the client that a channel uses. */
export interface ChannelHost extends CommandHost, PartsHost {
  readonly calls: CommandHost['calls'];
  /** Creates an error of the catalogue. Files loaded on demand must not have their own error class. */
  readonly refusal: typeof refusal;
  /** `execute`, for files that must not have their own error class. */
  execute<Type extends CommandType>(body: Body<Type>, options?: ExecuteOptions): Promise<Results[Type]>;
  /** The channel's resource of this class; created on first use. */
  resource<W extends Resource>(kind: ResourceKind<W>, channel: Handle, variant?: unknown): W;
  /** The channel's resource of this class, if it exists. */
  find<W extends Resource>(kind: ResourceKind<W>, channel: Handle, variant?: unknown): W | undefined;
}

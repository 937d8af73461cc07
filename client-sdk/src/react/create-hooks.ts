import type { ChannelName, ChannelOf, Channels, Client, MessageOf, StateOf } from '../index.ts';
import type { OptionalName, OwnStateOf } from '../stores/index.ts';
import { useClient } from './provider.ts';
import { useChannel, usePublish } from './use-channel.ts';
import { type UseMessages, type UseMessagesOptions, useMessages } from './use-messages.ts';
import { type UsePresence, type UsePresenceOptions, usePresence } from './use-presence.ts';

// Named types, so that the declarations of an application that exports its hooks can refer to them.

/** `useClient` with the types of a contract. */
export type TypedUseClient<C extends Channels> = () => Client<C>;

/** `useChannel` with the types of a contract. */
export type TypedUseChannel<C extends Channels> = <const Name extends ChannelName<C>>(name: Name) => ChannelOf<C, Name>;

/** `usePublish` with the types of a contract. */
export type TypedUsePublish<C extends Channels> = <const Name extends ChannelName<C>>(
  name: Name,
) => ChannelOf<C, Name>['publish'];

/** `useMessages` with the types of a contract. */
export type TypedUseMessages<C extends Channels> = <const Name extends ChannelName<C>>(
  channel: OptionalName<Name>,
  options?: UseMessagesOptions<MessageOf<C, Name>>,
) => UseMessages<MessageOf<C, Name>>;

/** `usePresence` with the types of a contract. */
export type TypedUsePresence<C extends Channels> = <const Name extends ChannelName<C>>(
  channel: OptionalName<Name>,
  options?: UsePresenceOptions<OwnStateOf<C, Name>, StateOf<C, Name>>,
) => UsePresence<StateOf<C, Name>, OwnStateOf<C, Name>>;

/** The hooks with the types of a contract. */
export interface Hooks<C extends Channels> {
  readonly useClient: TypedUseClient<C>;
  readonly useChannel: TypedUseChannel<C>;
  readonly usePublish: TypedUsePublish<C>;
  readonly useMessages: TypedUseMessages<C>;
  readonly usePresence: TypedUsePresence<C>;
}

/**
 * Returns the hooks with the types of a contract: its channels, messages and member states. No effect at run time.
 *
 * @example
 * import { defineChannels } from '@sluice/client/contracts';
 * import { createHooks } from '@sluice/client/react';
 * import { z } from 'zod';
 *
 * const channels = defineChannels({ 'chat:{room}': { message: z.object({ text: z.string() }) } });
 * export const { useMessages, usePublish } = createHooks<typeof channels>();
 */
export function createHooks<C extends Channels>(): Hooks<C> {
  return { useClient, useChannel, usePublish, useMessages, usePresence } as unknown as Hooks<C>;
}

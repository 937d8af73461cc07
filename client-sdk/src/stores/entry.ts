import type { Gap, Message } from '../api.ts';

/** What a list of messages holds: a message, or the place where some are missing. `key` is unique in the list, and stays. */
export type Entry<T = unknown> =
  | { readonly kind: 'message'; readonly key: string; readonly message: Message<T> }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap };

/** The entry of a message. */
export function messageEntry<T>(message: Message<T>): Entry<T> {
  return { kind: 'message', key: message.id, message };
}

/** The messages among the entries. */
export function messagesOf<T>(entries: readonly Entry<T>[]): readonly Message<T>[] {
  return entries.flatMap((entry) => (entry.kind === 'message' ? entry.message : []));
}

import type { Gap, Message } from '../index.ts';

/** An entry of a message list: a message or a gap. `key` is unique in the list and stable. */
export type Entry<M extends Message = Message> =
  | { readonly kind: 'message'; readonly key: string; readonly message: M }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap };

/** Creates the entry of a message. */
export function messageEntry<M extends Message>(message: M): Entry<M> {
  return { kind: 'message', key: message.id, message };
}

/** The messages among the entries. */
export function messagesOf<M extends Message>(entries: readonly Entry<M>[]): readonly M[] {
  return entries.flatMap((entry) => (entry.kind === 'message' ? entry.message : []));
}

import type { Container, Message } from 'rhea';

type Decoded = ReturnType<Container['message']['decode']>;

const UNDECODABLE = Symbol('undecodable');

/** Could the client not decode it? */
export const isUndecodable = (message: Message): boolean => UNDECODABLE in message;

/** Clients whose decoder reads anything. */
const changed = new WeakSet<object>();

/**
 * Lets the client return something for each message. By itself it ends the connection at one that it
 * cannot decode, such as a deeply nested one, and the broker delivers it again: the bridge would never
 * get past it. Brokers do not decode messages either, so any producer may send one.
 */
export function decodeAnything({ message }: Container): void {
  if (changed.has(message)) return;
  changed.add(message);
  const decode = message.decode;
  message.decode = (buffer) => {
    try {
      return decode(buffer);
    } catch {
      return { [UNDECODABLE]: true } as unknown as Decoded;
    }
  };
}

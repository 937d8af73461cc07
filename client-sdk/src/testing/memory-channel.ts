import type { Json, Position, Push } from '@sluice/protocol';
import { type AppendedMessage, type AppendOptions, hasExpired, type Matcher, MemoryLog } from './memory-log.ts';
import { MemoryPresence } from './memory-presence.ts';
import type { MessageLife } from './message-life.ts';

/** A connection that receives the pushes of a channel. */
export interface PushTarget {
  readonly user: string | null;
  push(push: Push): void;
}

/** A subscription of a connection. */
export interface MemoryCursor {
  readonly target: PushTarget;
  /** The channel as the client names it: a pattern, or the channel itself. */
  readonly name: string;
  /** The subscription id; `undefined` for the default subscription. */
  readonly sub: number | undefined;
  position: Position;
  /** The condition of the filter; `undefined` without a filter. */
  readonly matches: Matcher | undefined;
}

/** The part of a push that names the subscription. */
export const aboutOf = ({ name, sub }: MemoryCursor): { readonly channel: string; readonly sub?: number } =>
  sub === undefined ? { channel: name } : { channel: name, sub };

/** How a channel behaves. */
export interface MemoryChannelOptions {
  /** Maximum number of messages to keep. */
  readonly kept: number;
  readonly life: MessageLife;
  /** Called after each message. */
  appended(message: AppendedMessage, channel: MemoryChannel): void;
}

/** A channel of the in-memory gateway: its log, cursors and members. */
export class MemoryChannel {
  readonly name: string;
  readonly log: MemoryLog;
  readonly life: MessageLife;
  readonly presence: MemoryPresence;
  /** Everything that was published to the channel, even after the log has dropped it. */
  readonly messages: AppendedMessage[] = [];
  /** The part of `messages` that clients published. */
  readonly published: AppendedMessage[] = [];
  readonly #appended: (message: AppendedMessage, channel: MemoryChannel) => void;
  readonly cursors = new Set<MemoryCursor>();
  readonly presenceSubscribers = new Set<PushTarget>();

  constructor(name: string, { kept, life, appended }: MemoryChannelOptions) {
    this.name = name;
    this.life = life;
    this.#appended = appended;
    this.log = new MemoryLog(name, kept);
    this.presence = new MemoryPresence(name, (push) => {
      for (const subscriber of this.presenceSubscribers) subscriber.push(push);
    });
  }

  append(data: Json, options: AppendOptions): AppendedMessage {
    const { ttl = this.life.usual, ...others } = options;
    const { epoch, ...message } = this.log.append(data, ttl === undefined ? others : { ...others, ttl });
    const appended = { ...message, epoch };
    this.messages.push(appended);
    for (const cursor of this.cursors) {
      const { target, position, matches } = cursor;
      if (matches && !matches(message)) continue;
      const after = matches && { after: position.offset };
      target.push({ type: 'messages', ...aboutOf(cursor), epoch, ...after, messages: [message] });
      cursor.position = { epoch, offset: message.offset };
    }
    this.#appended(appended, this);
    return appended;
  }

  /** The cursor of a connection's subscription to this channel, or to a pattern. */
  cursorOf(target: PushTarget, sub: number | undefined, name = this.name): MemoryCursor | undefined {
    return [...this.cursors].find((one) => one.target === target && one.sub === sub && one.name === name);
  }

  /** Sends a subscriber everything between its cursor and the head. SPEC.md section 7. */
  catchUp(cursor: MemoryCursor): void {
    const { target, position: from, matches } = cursor;
    const { gap, messages: all } = this.log.catchUp(from);
    const { epoch, head } = this.log;
    const about = aboutOf(cursor);
    const messages = all.filter((message) => !hasExpired(message) && matches?.(message) !== false);
    const skips = matches !== undefined || messages.length < all.length;
    const after = (gap?.to ?? from).offset;
    if (gap !== undefined) target.push({ type: 'gap', ...about, from, ...gap });
    if (messages.length > 0) target.push({ type: 'messages', ...about, epoch, ...(skips && { after }), messages });
    const last = messages.at(-1)?.offset ?? after;
    if (skips && last < head.offset) {
      target.push({ type: 'progress', ...about, epoch, after: last, offset: head.offset });
    }
    cursor.position = head;
  }

  /** Called after the log has changed in a way that the subscribers do not know. */
  catchUpAll(): void {
    for (const cursor of this.cursors) this.catchUp(cursor);
  }

  /** Called when a connection is gone. */
  forget(target: PushTarget): void {
    for (const cursor of this.cursors) if (cursor.target === target) this.cursors.delete(cursor);
    this.presenceSubscribers.delete(target);
  }
}

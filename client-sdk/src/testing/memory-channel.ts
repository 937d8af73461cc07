import type { Json, MessagesPush, Position } from '@sluice/protocol';
import { type AppendedMessage, type DraftOptions, MemoryLog } from './memory-log.ts';
import { MemoryPresence } from './memory-presence.ts';
import type { MemorySession } from './memory-session.ts';

/** A channel of the in-memory gateway: its log, cursors and members. */
export class MemoryChannel {
  readonly name: string;
  readonly log: MemoryLog;
  readonly presence: MemoryPresence;
  /** Everything that was published to the channel, even after the log has dropped it. */
  readonly messages: AppendedMessage[] = [];
  /** The part of `messages` that clients published. */
  readonly published: AppendedMessage[] = [];
  /** The position of each subscriber. */
  readonly cursors = new Map<MemorySession, Position>();
  readonly presenceSubscribers = new Set<MemorySession>();

  constructor(name: string, kept: number) {
    this.name = name;
    this.log = new MemoryLog(name, kept);
    this.presence = new MemoryPresence(name, (push) => {
      for (const subscriber of this.presenceSubscribers) subscriber.push(push);
    });
  }

  append(data: Json, options: DraftOptions): AppendedMessage {
    const { epoch, ...message } = this.log.append(data, options);
    const appended = { ...message, epoch };
    this.messages.push(appended);
    const push: MessagesPush = { type: 'messages', channel: this.name, epoch, messages: [message] };
    for (const session of this.cursors.keys()) {
      session.push(push);
      this.cursors.set(session, { epoch, offset: message.offset });
    }
    return appended;
  }

  /** Sends a subscriber everything between its cursor and the head. SPEC.md section 7. */
  catchUp(session: MemorySession): void {
    const from = this.cursors.get(session);
    if (from === undefined) return;
    const { gap, messages } = this.log.catchUp(from);
    const { epoch } = this.log;
    if (gap !== undefined) session.push({ type: 'gap', channel: this.name, from, ...gap });
    if (messages.length > 0) session.push({ type: 'messages', channel: this.name, epoch, messages });
    this.cursors.set(session, this.log.head);
  }

  /** Called after the log has changed in a way that the subscribers do not know. */
  catchUpAll(): void {
    for (const session of this.cursors.keys()) this.catchUp(session);
  }
}

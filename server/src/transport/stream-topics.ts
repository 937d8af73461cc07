import type { Turn } from '../util/turn.ts';
import type { Fanout } from './connection.ts';

/** A stream as a member of topics. */
export interface TopicMember {
  /** Called for a publish to one of its topics. `size` in bytes. */
  receive(frame: string | Uint8Array, size: number): void;
  /** The turn ends: received data is sent. */
  flush(): void;
}

/**
 * The topics of streams, which have no native ones. Publishes go to streams first, and then to the
 * sockets of the underlying transport.
 */
export class StreamTopics implements Fanout {
  readonly #sockets: Fanout;
  readonly #turn: Turn;
  readonly #members = new Map<string, Set<TopicMember>>();
  #touched: TopicMember[] = [];

  constructor(sockets: Fanout, turn: Turn) {
    this.#sockets = sockets;
    this.#turn = turn;
  }

  get batchLimit(): number {
    return this.#sockets.batchLimit;
  }

  publish(topic: string, frame: string | Uint8Array, binary: boolean): void {
    const members = this.#members.size === 0 ? undefined : this.#members.get(topic);
    if (members === undefined) this.#sockets.publish(topic, frame, binary);
    else {
      const size = typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
      for (const member of members) member.receive(frame, size);
    }
  }

  join(topic: string, member: TopicMember): void {
    const members = this.#members.get(topic);
    if (members === undefined) this.#members.set(topic, new Set([member]));
    else members.add(member);
  }

  leave(topic: string, member: TopicMember): void {
    const members = this.#members.get(topic);
    if (members?.delete(member) === true && members.size === 0) this.#members.delete(topic);
  }

  /** Schedules `flush` for the end of this turn. */
  touch(member: TopicMember): void {
    this.#touched.push(member);
    this.#turn.schedule();
  }

  /** The end of a turn. Call it after everything that sends. */
  flush(): void {
    const touched = this.#touched;
    this.#touched = [];
    for (const member of touched) member.flush();
  }
}

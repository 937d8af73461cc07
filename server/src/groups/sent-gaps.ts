import type { GroupGap } from '../engine/groups.ts';

interface Sent {
  readonly gap: GroupGap;
  /** The deliveries that were held when it was sent: they prove nothing. */
  readonly earlier: ReadonlySet<string>;
}

/** The gaps that were sent over a connection, and that the client may not have received. */
export class SentGaps {
  #sent: readonly Sent[] = [];

  add(gap: GroupGap, held: readonly string[]): void {
    this.#sent = [...this.#sent, { gap, earlier: new Set(held) }];
  }

  /** Removes and returns the gaps that were sent before one of these deliveries, which the client has received. */
  takeBefore(received: readonly string[]): readonly GroupGap[] {
    const isRead = ({ earlier }: Sent) => received.some((id) => !earlier.has(id));
    const read = this.#sent.filter(isRead);
    if (read.length > 0) this.#sent = this.#sent.filter((sent) => !isRead(sent));
    return read.map(({ gap }) => gap);
  }
}

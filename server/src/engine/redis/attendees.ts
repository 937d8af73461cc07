import type { Entrant } from '../presence.ts';

/** One connection in one channel. */
export interface Attendee {
  readonly channel: string;
  readonly connection: string;
  readonly user: string;
}

/** Who is present through this node, so that it can be claimed again, and taken back. */
export class Attendees {
  readonly #channels = new Map<string, Map<string, Entrant>>();
  /** Who has gone although Redis could not be told, or may have come though it did not say so. */
  readonly #undone = new Map<string, Attendee>();

  /** The latest word counts; a state that it does not name stays. */
  add(entrant: Entrant): void {
    const { channel, connection } = entrant;
    const entrants = this.#channels.get(channel) ?? new Map<string, Entrant>();
    this.#channels.set(channel, entrants);
    const { state } = entrant.state === undefined ? (entrants.get(connection) ?? entrant) : entrant;
    entrants.set(connection, { ...entrant, ...(state === undefined ? undefined : { state }) });
    this.#undone.delete(keyOf(entrant));
  }

  has({ channel, connection }: Attendee): boolean {
    return this.#channels.get(channel)?.has(connection) === true;
  }

  /** Tells whether it was the channel's last. */
  delete({ channel, connection }: Attendee): boolean {
    const entrants = this.#channels.get(channel);
    if (entrants === undefined) return true;
    entrants.delete(connection);
    if (entrants.size === 0) this.#channels.delete(channel);
    return entrants.size === 0;
  }

  isEmpty(channel: string): boolean {
    return !this.#channels.has(channel);
  }

  all(): Entrant[] {
    return [...this.#channels.values()].flatMap((entrants) => [...entrants.values()]);
  }

  /** Must be taken out once Redis answers again. */
  undo({ channel, connection, user }: Attendee): void {
    this.#undone.set(keyOf({ channel, connection, user }), { channel, connection, user });
  }

  takeUndone(): Attendee[] {
    const undone = [...this.#undone.values()];
    this.#undone.clear();
    return undone;
  }
}

const keyOf = ({ channel, connection }: Attendee): string => `${channel} ${connection}`;

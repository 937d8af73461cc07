import type { Client, Message, Subscription } from '@sluice/client';
import { isRegion, type Region, type TicketEvent } from './ticket.ts';

/** Events that the board shows. */
const SHOWN = 30;

type BoardMessage = Message<TicketEvent>;

/** What happens at the desk, live, of one region or of all: a subscription with a filter. */
export class Board {
  readonly #channel;
  #subscription: Subscription | undefined;
  #region = $state<Region | undefined>();
  #events = $state.raw<readonly BoardMessage[]>([]);
  /** Called for each event. */
  readonly #onEvent: () => void;

  constructor(client: Client, onEvent: () => void) {
    this.#channel = client.channel<TicketEvent>('desk:board');
    this.#onEvent = onEvent;
    this.show(undefined);
  }

  /** The newest first. */
  get events(): readonly BoardMessage[] {
    return this.#events;
  }

  get region(): Region | undefined {
    return this.#region;
  }

  /** Shows the events of a region; `undefined`: of all. The gateway selects them. */
  show(region: Region | undefined): void {
    this.#region = region;
    this.#events = [];
    this.#subscription?.unsubscribe();
    const filter = region === undefined ? {} : { filter: { tags: { region } } };
    this.#subscription = this.#channel.subscribe((message) => this.#add(message), { rewind: SHOWN, ...filter });
  }

  /** Reports what this window has done. */
  report(what: TicketEvent['what'], subject: string, region: Region): void {
    // A lost report only misses on the board: the queue itself does not depend on it.
    this.#channel.publish({ what, subject }, { event: what.replace(' ', '_'), tags: { region } }).catch(() => {});
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  #add(message: BoardMessage): void {
    this.#events = [message, ...this.#events].slice(0, SHOWN);
    this.#onEvent();
  }
}

/** The region of an event. */
export const regionOf = ({ tags }: BoardMessage): Region | undefined =>
  isRegion(tags?.region) ? tags.region : undefined;

import type { Client } from '@sluice/client';
import { type Departure, withDeparture } from '../departures/departure.ts';

/** Messages that are read at first: enough for each train to be among them. */
const REWIND = 100;

/** The departure board: what a broker knows, through a bridge into a channel. */
export class Departures {
  readonly #subscription;
  #rows = $state.raw<readonly Departure[]>([]);
  #broker = $state<string | undefined>();

  constructor(client: Client) {
    this.#subscription = client.channel<Departure>('departures').subscribe(
      ({ data, tags }) => {
        this.#rows = withDeparture(this.#rows, data);
        this.#broker = tags?.broker;
      },
      { rewind: REWIND },
    );
  }

  get rows(): readonly Departure[] {
    return this.#rows;
  }

  /** The broker that feeds it; `undefined`: none does. */
  get broker(): string | undefined {
    return this.#broker;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}

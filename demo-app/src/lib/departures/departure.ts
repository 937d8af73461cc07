/** A train on the board, as the broker has it. */
export interface Departure {
  readonly train: string;
  /** Trains leave in this order. */
  readonly order: number;
  readonly to: string;
  readonly platform: string;
  /** When it should leave, such as `08:15`. */
  readonly time: string;
  readonly status: 'on time' | 'delayed' | 'boarding' | 'departed';
  /** In minutes. */
  readonly delay: number;
}

/** The board after a message: one row for each train, until it has departed; the next one first. */
export function withDeparture(board: readonly Departure[], latest: Departure): readonly Departure[] {
  const others = board.filter(({ train }) => train !== latest.train);
  if (latest.status === 'departed') return others;
  return [...others, latest].sort((a, b) => a.order - b.order);
}

/** The state of a train, for a person. */
export const inWords = ({ status, delay }: Departure): string =>
  status === 'boarding' ? 'Boarding' : delay > 0 ? `${delay} min late` : 'On time';

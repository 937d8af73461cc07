export const REGIONS = ['europe', 'americas', 'asia'] as const;
export type Region = (typeof REGIONS)[number];

/** A ticket of the queue: `data` of a message of `desk:tickets`. */
export interface Ticket {
  readonly subject: string;
  readonly region: Region;
}

/** What happened to a ticket: `data` of a message of `desk:board`. Its tag `region` is for filters. */
export interface TicketEvent {
  readonly what: 'opened' | 'taken' | 'finished' | 'failed' | 'put aside';
  readonly subject: string;
}

const NAMES: Readonly<Record<Region, string>> = { europe: 'Europe', americas: 'Americas', asia: 'Asia' };

export const regionName = (region: Region): string => NAMES[region];

export const isRegion = (value: unknown): value is Region => (REGIONS as readonly unknown[]).includes(value);

import type { ClientEvents } from './api.ts';

/** Options of a report. */
export interface ReportOptions<News> {
  /** The handler for this error or gap: it replaces all others. */
  readonly instead?: ((news: News) => unknown) | undefined;
  /** Whether the application knows already, so that it does not go to the console. */
  readonly heard?: boolean;
}

/**
 * Reports an error or gap: to its handler, otherwise to the client's listeners, otherwise to the
 * console.
 *
 * @returns what the handler returned
 */
export type Report = <Name extends 'error' | 'gap'>(
  name: Name,
  news: ClientEvents[Name],
  options?: ReportOptions<ClientEvents[Name]>,
) => unknown;

import type { ClientEvents } from './api.ts';

/** How news are told. */
export interface ReportOptions<News> {
  /** Made for them; then nobody else is told. */
  readonly instead?: ((news: News) => unknown) | undefined;
  /** Somebody knows already: the console need not say it. */
  readonly heard?: boolean;
}

/**
 * Tells what went wrong: the handler that was given for it, or else the client's listeners, or else the console.
 *
 * @returns what the handler returned
 */
export type Report = <Name extends 'error' | 'gap'>(
  name: Name,
  news: ClientEvents[Name],
  options?: ReportOptions<ClientEvents[Name]>,
) => unknown;

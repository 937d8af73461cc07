import type { ClientEvents } from './api.ts';
import { loadDiagnostics } from './load-diagnostics.ts';

/** Writes to the console what nobody listens to. The words for it are loaded when they are first needed. */
export function toConsole(client: object, news: ClientEvents['error' | 'gap']): void {
  loadDiagnostics()
    .then(({ explain }) => explain(client, news))
    // A page that cannot load them, for instance without a network, gets the bare facts.
    .catch(() => globalThis.console?.error('[sluice]', JSON.stringify(news)));
}

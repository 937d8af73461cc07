import type { ClientEvents } from './api.ts';
import { loadDiagnostics } from './load-diagnostics.ts';

/** Writes an error or gap without a listener to the console. The texts are loaded on demand. */
export function toConsole(client: object, news: ClientEvents['error' | 'gap']): void {
  loadDiagnostics()
    .then(({ explain }) => explain(client, news))
    // Offline, they cannot be loaded: print the fields.
    .catch(() => globalThis.console?.error('[sluice]', JSON.stringify(news)));
}

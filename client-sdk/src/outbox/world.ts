import type { Cancel } from '../timer.ts';
import type { EntryRecord } from './entry.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { openStore, type Store } from './store.ts';
import { type Turn, type TurnOptions, takeTurn } from './turn.ts';

/** How the tabs with the same outbox tell each other what has changed. */
export interface Radio {
  postMessage(record: EntryRecord): void;
  close(): void;
}

/** What an outbox has around it; tests have one of their own. */
export interface World {
  open(name: string, options: { readonly signal: AbortSignal; lost(): void }): Promise<Store>;
  ledger(name: string): Ledger;
  tune(name: string, hear: (record: EntryRecord) => void): Radio | undefined;
  takeTurn(name: string, options: TurnOptions): Promise<Turn>;
  /** Calls back when the page is shown, or comes back from where it was put away. @returns stops that */
  onWake(run: () => void): Cancel;
  /** Calls back when the page is put away: what it holds, others wait for. @returns stops that */
  onSleep(run: () => void): Cancel;
}

/** The browser. Nothing of it is touched before an outbox is made. */
export const browser: World = {
  open: openStore,
  ledger: openLedger,
  tune: (name, hear) => {
    if (typeof BroadcastChannel !== 'function') return undefined;
    const radio = new BroadcastChannel(name);
    radio.onmessage = ({ data }: MessageEvent<EntryRecord>) => hear(data);
    return radio;
  },
  takeTurn: (name, options) => takeTurn(name, options),
  onWake: (run) => listen(['pageshow', 'resume', 'visibilitychange'], () => !document.hidden && run()),
  onSleep: (run) => listen(['freeze', 'pagehide'], run),
};

function listen(types: readonly string[], run: () => void): Cancel {
  // In the capturing phase the window also hears what happens to the document and does not bubble.
  for (const type of types) globalThis.addEventListener?.(type, run, true);
  return () => {
    for (const type of types) globalThis.removeEventListener?.(type, run, true);
  };
}

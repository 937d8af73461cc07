import type { Cancel } from '../timer.ts';
import type { EntryRecord } from './entry.ts';
import { awaitLeadership, type LeaderOptions, type Leadership } from './leader-lock.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { openStore, type Store } from './store.ts';

/** Announces changes to the tabs with the same outbox. */
export interface TabChannel {
  postMessage(record: EntryRecord): void;
  close(): void;
}

/** What an outbox needs from its environment. Tests have their own implementation. */
export interface Platform {
  open(name: string, options: { readonly signal: AbortSignal; lost(): void }): Promise<Store>;
  ledger(name: string): Ledger;
  openTabChannel(name: string, receive: (record: EntryRecord) => void): TabChannel | undefined;
  awaitLeadership(name: string, options: LeaderOptions): Promise<Leadership>;
  /** Calls back when the page is shown again or restored. @returns a function that removes the callback */
  onWake(run: () => void): Cancel;
  /**
   * Calls back when the page is frozen or hidden, because other tabs wait for what it holds.
   * @returns a function that removes the callback
   */
  onSleep(run: () => void): Cancel;
}

/** The browser. Nothing is accessed before an outbox is created. */
export const browser: Platform = {
  open: openStore,
  ledger: openLedger,
  openTabChannel: (name, receive) => {
    if (typeof BroadcastChannel !== 'function') return undefined;
    const tabChannel = new BroadcastChannel(name);
    tabChannel.onmessage = ({ data }: MessageEvent<EntryRecord>) => receive(data);
    return tabChannel;
  },
  awaitLeadership: (name, options) => awaitLeadership(name, options),
  onWake: (run) => listen(['pageshow', 'resume', 'visibilitychange'], () => !document.hidden && run()),
  onSleep: (run) => listen(['freeze', 'pagehide'], run),
};

function listen(types: readonly string[], run: () => void): Cancel {
  // In the capturing phase the window also receives events of the document that do not bubble.
  for (const type of types) globalThis.addEventListener?.(type, run, true);
  return () => {
    for (const type of types) globalThis.removeEventListener?.(type, run, true);
  };
}

import type { Cancel } from '../timer.ts';
import type { EntryRecord } from './entry.ts';
import { openStore, type Store } from './store.ts';
import { type TurnOptions, takeTurn } from './turn.ts';

/** How the tabs with the same outbox tell each other what has changed. */
export interface Radio {
  postMessage(record: EntryRecord): void;
  close(): void;
}

/** What an outbox has around it; tests have one of their own. */
export interface World {
  open(name: string): Promise<Store>;
  tune(name: string, hear: (record: EntryRecord) => void): Radio | undefined;
  takeTurn(name: string, options: TurnOptions): Promise<Cancel>;
}

/** The browser. Nothing of it is touched before an outbox is made. */
export const browser: World = {
  open: openStore,
  tune: (name, hear) => {
    if (typeof BroadcastChannel !== 'function') return undefined;
    const radio = new BroadcastChannel(name);
    radio.onmessage = ({ data }: MessageEvent<EntryRecord>) => hear(data);
    return radio;
  },
  takeTurn,
};

import { pause } from '../until.ts';
import type { BackendApi } from '../work/backend-api.ts';
import type { Logged } from './judge.ts';

const PAGE = 1_000;
/** Milliseconds until the next attempt while no node answers. */
const RETRY = 100;

/** All messages of a channel, oldest first. */
export async function readLog(api: BackendApi, channel: string): Promise<readonly Logged[]> {
  const all: Logged[] = [];
  for (;;) {
    const after = all.at(-1)?.offset ?? 0;
    const path = `channels/${encodeURIComponent(channel)}/messages?after=${after}&limit=${PAGE}`;
    const answer = await api.call('GET', path);
    if (answer?.status !== 200) {
      await pause(RETRY);
      continue;
    }
    const messages = answer.body.messages as readonly {
      readonly offset: number;
      readonly data: { readonly n: number };
    }[];
    if (messages.length === 0) return all;
    all.push(...messages.map(({ offset, data: { n } }) => ({ offset, n })));
  }
}

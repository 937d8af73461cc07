import type { ListedBridge } from '../state/types.ts';
import type { Tone } from './decision-words.ts';
import { count } from './words.ts';

/** How alarming the state of a bridge is. */
export const TONES: Readonly<Record<ListedBridge['state'], Tone>> = {
  running: 'good',
  connecting: 'flow',
  holding: 'warn',
  waiting: 'bad',
  failed: 'bad',
  standby: 'warn',
  stopped: 'warn',
};

/** What a state means, and what to do; empty: nothing. */
export const ADVICE: Readonly<Record<ListedBridge['state'], string>> = {
  running: '',
  connecting: '',
  holding:
    'The gateway accepts no messages at the moment, or its engine does not answer. The bridge continues by itself.',
  waiting: 'The connection or a delivery failed. The bridge tries again by itself, at least every 10 s.',
  failed: 'The bridge has stopped for good. Remove the cause, then restart the gateway.',
  standby: 'No node runs the bridge. One takes it over within some seconds.',
  stopped: 'The gateway stops.',
};

const OUTCOMES: Readonly<Record<string, string>> = {
  published: 'published',
  sent: 'sent',
  dead_lettered: 'dead letters',
  skipped: 'skipped',
  returned: 'returned',
  gap: 'gaps',
};

/** What happened to the messages: `1,042 published, 3 skipped`. */
export const countsOf = ({ counts }: Pick<ListedBridge, 'counts'>): string =>
  Object.entries(counts)
    .map(([outcome, number]) => `${count(number)} ${OUTCOMES[outcome] ?? outcome}`)
    .join(', ');

/** What the latest error is now. While a bridge runs, it may be of a part of what it reads, and not over. */
export const errorTitle = (state: ListedBridge['state']): string =>
  state === 'standby' ? 'Latest error, which is over' : 'Latest error';

/** May the channel be opened, or is it a template? */
export const isChannel = (channel: string): boolean => channel !== '' && !channel.includes('{');

/** The channel of a bridge, for people. With `data: centrifugo` it has none. */
export const channelOf = ({ channel }: Pick<ListedBridge, 'channel'>): string =>
  channel === '' ? 'as each message says' : channel;

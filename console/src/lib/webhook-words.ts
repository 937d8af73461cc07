import type { WebhookStatus } from '../state/types.ts';
import type { Tone } from './decision-words.ts';
import { many } from './words.ts';

/** How an endpoint does, in a word and a sentence. */
export interface Condition {
  readonly tone: Tone;
  readonly word: string;
  /** What it means, and what to do. */
  readonly text: string;
}

/** What an operator must know about a webhook first. */
export function conditionOf({ halt, node, failures, lag }: WebhookStatus): Condition {
  if (halt === 'paused') {
    return { tone: 'warn', word: 'paused', text: 'Nothing is sent until you resume it. Events are kept meanwhile.' };
  }
  if (halt === 'gone') {
    const text = 'The endpoint answered 410 Gone, so nothing is sent. Resume it when the endpoint exists again.';
    return { tone: 'bad', word: 'stopped', text };
  }
  if (failures > 0) {
    const text = `${many(failures, 'attempt')} in a row failed. The gateway repeats the request, at first often, then every 5 minutes.`;
    return { tone: 'bad', word: 'failing', text };
  }
  if (node === undefined) {
    return {
      tone: 'warn',
      word: 'no sender',
      text: 'No node sends at the moment. Another one takes over within 15 s.',
    };
  }
  return lag > 0
    ? { tone: 'flow', word: 'sending', text: `${many(lag, 'event')} on the way.` }
    : { tone: 'good', word: 'up to date', text: 'The endpoint has received everything.' };
}

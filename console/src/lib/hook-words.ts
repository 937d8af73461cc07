import type { ListedHook } from '../state/types.ts';
import type { Tone } from './decision-words.ts';
import type { Condition } from './webhook-words.ts';
import { count, many } from './words.ts';

/** What happens to the operations of clients while the hook gives no answer. */
const EFFECTS: Readonly<Record<ListedHook['onFailure'], string>> = {
  deny: 'The gateway refuses what it has no answer about',
  allow: 'The gateway allows what it has no answer about',
  cached: 'The last answers decide, and without one the gateway refuses',
};

const TONES: Readonly<Record<ListedHook['state'], Tone>> = { ok: 'good', failing: 'bad', paused: 'bad' };

/** What an operator must know about a hook first. */
export function hookCondition({ state, nodes, onFailure, calls }: ListedHook): Condition {
  const tone = TONES[state];
  if (state === 'ok') return { tone, word: state, text: calls === 0 ? 'It was not asked yet.' : '' };
  const effect = `${EFFECTS[onFailure]} ("onFailure: ${onFailure}").`;
  const where = nodes.filter((node) => node.state === state).map(({ node }) => node);
  const which = where.length === nodes.length ? (where.length === 1 ? '' : ' on all nodes') : ` on ${where.join(', ')}`;
  if (state === 'failing') {
    const failures = Math.max(...nodes.map((node) => node.failures));
    return { tone, word: state, text: `${many(failures, 'call')} in a row failed${which}. ${effect}` };
  }
  const text = `It failed five times in a row${which}, so it is called again after a pause of at most 30 s, with one call at first. ${effect}`;
  return { tone, word: state, text };
}

/** What became of the calls: `12 failed, 3 of them without an answer in time`. */
export function failuresOf({ failed, timedOut, notSent }: ListedHook): string {
  if (failed === 0) return '0';
  const parts = [timedOut > 0 && `${count(timedOut)} too late`, notSent > 0 && `${count(notSent)} not sent`].filter(
    (part) => part !== false,
  );
  return parts.length === 0 ? count(failed) : `${count(failed)} (${parts.join(', ')})`;
}

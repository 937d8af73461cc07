import { describe, expect, it } from 'vitest';
import type { Door, PublishOutcome } from '../channels/door.ts';
import { Publication, type PublishRequest } from '../channels/publication.ts';
import type { Rules } from '../channels/rules.ts';
import { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import { ManualClock } from '../util/clock.ts';
import { type LatePublish, type LatePublishParts, publishAllLate } from './publish-late.ts';

const STORED = { id: 'm', epoch: 'e', offset: 1 };
const FULL = new Refusal('queue_full');
const GONE = new Refusal('channel_unknown');

/** A door whose steps the test answers. */
function setUp({ copies = true, isBound = false } = {}) {
  const begun: string[] = [];
  const finished: string[] = [];
  const answers = new Map<string, (outcome: PublishOutcome) => void>();
  const refusedAtOnce = new Map<string, Refusal>();
  const nameOf = ({ draft }: PublishRequest): string => String(draft.data);
  const door: Pick<Door, 'begin' | 'finish'> = {
    begin: async (request) => {
      begun.push(nameOf(request));
      const refusal = refusedAtOnce.get(nameOf(request));
      if (refusal !== undefined) return refusal;
      const publication = new Publication(request);
      return isBound ? Object.assign(publication, { bound: [{ channel: 'all' }] }) : publication;
    },
    finish: ({ request }) => {
      finished.push(nameOf(request));
      return new Promise((resolve) => answers.set(nameOf(request), resolve));
    },
  };
  const rule = { dedupe: 0 } as Rule;
  const rules = { match: (channel: string) => ({ channel, rule, params: {}, bound: [] }) };
  const events = new EventBus();
  const published: string[] = [];
  events.on('latePublished', ({ channel }) => void published.push(channel));
  const parts: LatePublishParts = {
    ...{ door: door as Door, rules: rules as unknown as Rules, events, clock: new ManualClock() },
    copies: () => copies,
  };
  return { parts, begun, finished, answers, refusedAtOnce, published };
}

const late = (name: string): LatePublish => ({
  ...{ kind: 'once', at: 0, channel: `c:${name[0]}`, content: { data: name }, key: name, window: 1 },
});
const turn = () => new Promise(setImmediate);

describe('several late messages', () => {
  it('are appended in their order, without waiting for answers', async () => {
    const { parts, finished, answers, published } = setUp();
    const names = ['a1', 'b1', 'a2', 'c1', 'b2'];
    const outcome = publishAllLate(parts, names.map(late));
    await turn();
    expect(finished).toEqual(names);
    for (const name of names.toReversed()) answers.get(name)?.(STORED);
    expect(await outcome).toEqual([true, true, true, true, true]);
    expect(published).toEqual(['c:a', 'c:b', 'c:a', 'c:c', 'c:b']);
  });

  it('wait behind one of their channel that is refused for now', async () => {
    const { parts, begun, finished, answers, refusedAtOnce } = setUp();
    refusedAtOnce.set('a2', FULL);
    const outcome = publishAllLate(parts, ['a1', 'a2', 'b1', 'a3'].map(late));
    await turn();
    expect(begun.toSorted()).toEqual(['a1', 'a2', 'b1']);
    expect(finished).toEqual(['a1', 'b1']);
    for (const name of finished) answers.get(name)?.(STORED);
    expect(await outcome).toEqual([true, false, true, false]);
  });

  it('are over if they are refused for good, and do not hold others up', async () => {
    const { parts, answers, refusedAtOnce } = setUp();
    refusedAtOnce.set('a1', GONE);
    const outcome = publishAllLate(parts, ['a1', 'a2', 'a3'].map(late));
    await turn();
    answers.get('a2')?.(FULL);
    answers.get('a3')?.(FULL);
    expect(await outcome).toEqual([true, false, false]);
  });

  it('are appended one after the other if copies are separate steps', async () => {
    const { parts, finished, answers } = setUp({ copies: false, isBound: true });
    const outcome = publishAllLate(parts, ['a1', 'a2', 'b1', 'a3'].map(late));
    await turn();
    expect(finished).toEqual(['a1']);
    answers.get('a1')?.(STORED);
    await turn();
    answers.get('a2')?.(FULL);
    await turn();
    expect(finished).toEqual(['a1', 'a2', 'b1']);
    answers.get('b1')?.(STORED);
    expect(await outcome).toEqual([true, false, true, false]);
  });
});

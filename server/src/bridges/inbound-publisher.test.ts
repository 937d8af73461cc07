import { LIMITS } from '@sluice/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { Door, PublishOutcome } from '../channels/door.ts';
import type { PublishRequest } from '../channels/publication.ts';
import type { Log } from '../engine/engine.ts';
import { Refusal } from '../refusal.ts';
import type { InboundMessage } from './bridge-host.ts';
import { InboundPublisher } from './inbound-publisher.ts';

const away = new Refusal('unavailable', 'away');
const invalid = new Refusal('payload_invalid', 'wrong');

/** @param answer what the door says to a payload */
function start(answer: (data: unknown) => PublishOutcome | undefined = () => undefined, stops = false) {
  const requests: PublishRequest[] = [];
  const appended: unknown[] = [];
  const door = {
    prepare: async (request: PublishRequest) => {
      requests.push(request);
      if (request.draft.data === 'wrong') return invalid;
      return { request, bound: [] };
    },
    append: ({ request: { draft } }: { request: PublishRequest }) => {
      appended.push(draft.data);
      return answer(draft.data) ?? { id: 'i', epoch: 'e', offset: appended.length };
    },
  } as unknown as Door;
  const publisher = new InboundPublisher({ door, log: {} as Log, bridge: 'b', dedupe: 1_000, stops });
  return { publisher, requests, appended };
}

const message = (data: unknown, channel = 'a', once: InboundMessage['once'] = { partition: 'p', position: '1' }) =>
  ({ channel, draft: { data }, once }) as InboundMessage;

const namesOf = (outcomes: Awaited<ReturnType<InboundPublisher['publish']>>) =>
  outcomes.map((outcome) => ('refused' in outcome ? outcome.refused.error : outcome.result.offset));

describe('what a bridge publishes', () => {
  it('waits behind a message of its channel that is refused for now', async () => {
    const { publisher, appended } = start((data) => (data === 1 ? away : undefined));
    const outcomes = await publisher.publish([message(1), message(2), message(3, 'other'), message(4)]);
    expect(namesOf(outcomes)).toEqual(['unavailable', 'unavailable', 2, 'unavailable']);
    expect(appended).toEqual([1, 3]);
    expect(outcomes[1]).toMatchObject({ refused: { retryable: true, detail: 'away' } });
  });

  it('does not wait behind a message that is refused for good', async () => {
    const { publisher } = start();
    const outcomes = await publisher.publish([message('wrong'), message(2)]);
    expect(namesOf(outcomes)).toEqual(['payload_invalid', 1]);
    expect(outcomes[0]).toMatchObject({ refused: { retryable: false } });
  });

  it('waits, whatever its channel, behind a message that stops the bridge', async () => {
    const { publisher, appended } = start(undefined, true);
    const outcomes = await publisher.publish([message(1), message('wrong'), message(2), message(3, 'other')]);
    expect(namesOf(outcomes)).toEqual([1, 'payload_invalid', 'unavailable', 'unavailable']);
    expect(appended).toEqual([1]);
    expect(outcomes.map((outcome) => 'refused' in outcome && outcome.refused.retryable)).toEqual([
      ...[false, false, true, true],
    ]);
  });

  it.each([
    ['in the same step', true, null, [1, 2]],
    ['behind it', false, null, [1]],
    ['in a queue, which is never the same step', true, {}, [1]],
  ])('waits for the copies of the message before it that are appended %s', async (_, copies, queue, appended) => {
    let finish: (outcome: PublishOutcome) => void = () => {};
    const begun: unknown[] = [];
    const bound = [{ channel: 'copies', rule: { queue } }];
    const door = {
      prepare: (request: PublishRequest) => ({ request, bound }),
      append: ({ request: { draft } }: { request: PublishRequest }) => {
        begun.push(draft.data);
        const outcome = { id: 'i', epoch: 'e', offset: begun.length };
        if (draft.data !== 1) return outcome;
        return new Promise<PublishOutcome>((resolve) => {
          finish = resolve;
        });
      },
    } as unknown as Door;
    const log = { copies } as unknown as Log;
    const publisher = new InboundPublisher({ door, log, bridge: 'b', dedupe: 1_000, stops: false });
    const published = publisher.publish([message(1), message(2)]);
    await vi.waitUntil(() => begun.length > 0, { interval: 0 });
    expect(begun).toEqual(appended);
    finish({ id: 'i', epoch: 'e', offset: 1 });
    await published;
    expect(begun).toEqual([1, 2]);
  });

  it('is measured by the door, unless its bytes are known', async () => {
    const { publisher, requests } = start();
    await publisher.publish([message(1), { ...message(2), arrived: 7 }]);
    expect(requests.map(({ arrived }) => arrived)).toEqual([undefined, 7]);
  });

  it('does not wait in the next batch', async () => {
    let isAway = true;
    const { publisher } = start(() => (isAway ? away : undefined));
    await publisher.publish([message(1)]);
    isAway = false;
    expect(namesOf(await publisher.publish([message(1)]))).toEqual([2]);
  });

  it('is recognised by its position in the source', async () => {
    const { publisher, requests } = start();
    await publisher.publish([message(1, 'a', { partition: 'p', position: '7' })]);
    expect(requests[0]).toMatchObject({ source: { name: 'b', partition: 'p', position: '7' } });
    expect(requests[0]?.draft).toEqual({ data: 1 });
  });

  it.each([
    ['an id', 'order-7', 'order-7'],
    ['the longest key', 'x'.repeat(LIMITS.keyLength), 'x'.repeat(LIMITS.keyLength)],
    ['a longer id', 'x'.repeat(LIMITS.keyLength + 1), expect.stringMatching(/^[\w-]{43}$/)],
    ['an empty id', '', expect.stringMatching(/^[\w-]{43}$/)],
  ])('is recognised by %s, for as long as the bridge says', async (_, id, key) => {
    const { publisher, requests } = start();
    await publisher.publish([message(1, 'a', { id })]);
    expect(requests[0]).toMatchObject({ draft: { data: 1, key }, dedupe: 1_000, by: { user: 'bridge:b' } });
  });
});

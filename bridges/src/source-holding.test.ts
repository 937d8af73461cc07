import type { InboundBridge, InboundMessage } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { ModelHost } from '../test/support/model-host.ts';
import { SourceRunner } from './source-runner.ts';

/** A gateway that refuses what it is given, as often as there are reasons, and lets no time pass. */
class RefusingHost extends ModelHost {
  readonly states: string[] = [];
  readonly #reasons: string[];
  override readonly clock = {
    ...{ now: () => 0, monotonic: () => 0 },
    after: (_: number, task: () => void) => {
      queueMicrotask(task);
      return { cancel: () => {} };
    },
  };

  constructor(...reasons: string[]) {
    super(async () => {});
    this.#reasons = reasons;
  }

  override async publish(messages: readonly InboundMessage[]) {
    const detail = this.#reasons.shift();
    if (detail === undefined) return super.publish(messages);
    const refused = { error: 'queue_full', detail, retryable: true } as const;
    return messages.map(() => ({ refused })) as never;
  }

  override moved(state: Parameters<ModelHost['moved']>[0], error?: string): void {
    this.states.push(error === undefined ? state : `${state}: ${error}`);
  }
}

it('says once why it holds, and again if the reason changes', async () => {
  const host = new RefusingHost('10 wait', '10 wait', '9 wait');
  const stop = new AbortController();
  const records = [
    { ...{ once: { id: '1' }, topic: 't', subject: 't', key: undefined }, headers: {}, body: Buffer.from('1') },
  ];
  const source = {
    open: async () => ({
      read: async () => {
        if (records.length === 0) stop.abort();
        return records.splice(0);
      },
      acknowledge: async () => {},
      close: async () => {},
    }),
  };
  const config = {
    ...{ name: 'in', direction: 'in', inFlight: 1, poison: { kind: 'stop' } },
    to: { channel: 'jobs', data: 'json' },
  } as unknown as InboundBridge;
  await new SourceRunner({ config, host, source }).run(stop.signal);
  expect(host.states.filter((state) => !state.startsWith('connecting'))).toEqual([
    ...['running', 'holding: queue_full: 10 wait', 'holding: queue_full: 9 wait', 'running'],
  ]);
  expect(host.log).toEqual([1]);
});

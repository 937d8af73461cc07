import type { OutboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { ChannelModel } from '../test/support/channel-model.ts';
import type { OnAccepted, OnConfirmed, SinkRecord } from './sink.ts';
import { SinkRunner } from './sink-runner.ts';
import { unlessLost } from './unless-lost.ts';

/** A broker that confirms when the test says so. */
class Broker {
  readonly sent: number[] = [];
  opened = 0;
  closed = 0;
  lost = new AbortController();
  held: string | undefined;
  /** What a test does with a batch; it is confirmed when that resolves. */
  onSend: (records: readonly SinkRecord[], confirmed: OnConfirmed, accepted: OnAccepted) => Promise<void> =
    async () => {};

  readonly open = async () => {
    this.opened++;
    this.lost = new AbortController();
    const { lost } = this;
    const broker = this;
    return {
      lost: lost.signal,
      get held() {
        return broker.held;
      },
      send: async (
        records: readonly SinkRecord[],
        confirmed: OnConfirmed = () => {},
        accepted: OnAccepted = () => {},
      ) => {
        this.sent.push(...records.map(({ offset }) => offset));
        await unlessLost(lost.signal, this.onSend(records, confirmed, accepted));
      },
      close: async () => {
        this.closed++;
        lost.abort(new Error('the sink was closed'));
      },
    };
  };
}

interface Options {
  readonly inFlight?: number;
  readonly overlaps?: boolean;
  readonly skipsConfirmed?: boolean;
  readonly taken?: AbortSignal;
}

function run(host: ChannelModel, broker: Broker, { inFlight = 4, taken, ...kind }: Options = {}): Promise<void> {
  const config = {
    ...{ origin: 'here', envelope: 'raw', from: { channel: 'c' }, to: {}, inFlight },
  } as unknown as OutboundBridge;
  const sink = { attributePrefix: 'ce_', ...kind, open: broker.open };
  return new SinkRunner({ config, host, sink }).run(host.stop.signal, taken);
}

/** Something that a test waits for, and lets happen. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('a bridge that stops', () => {
  it.each([true, false])(
    'acknowledges what the broker has, and sends nothing more: it overlaps: %s',
    async (overlaps) => {
      const host = new ChannelModel(20);
      const broker = new Broker();
      const confirm = gate();
      broker.onSend = async () => {
        host.stop.abort();
        setImmediate(confirm.open);
        await confirm.opened;
      };
      await run(host, broker, { overlaps });
      expect(host.acknowledged).toBe(broker.sent.length);
      expect(host.acknowledged).toBe(overlaps ? 1 : 4);
      expect([broker.closed, host.limits.size]).toEqual([1, 0]);
    },
  );

  it('gives up a broker that does not confirm', async () => {
    const host = new ChannelModel(20);
    const broker = new Broker();
    broker.onSend = async () => {
      host.stop.abort();
      setImmediate(() => {
        for (const ring of host.limits) ring();
      });
      await new Promise(() => {});
    };
    await run(host, broker);
    expect([host.acknowledged, broker.closed, host.limits.size]).toEqual([0, 1, 0]);
  });

  it('cuts the connection at once if another node may run it', async () => {
    const host = new ChannelModel(20);
    const broker = new Broker();
    const lease = new AbortController();
    broker.onSend = async () => {
      setImmediate(() => {
        lease.abort();
        host.stop.abort();
      });
      await new Promise(() => {});
    };
    await run(host, broker, { taken: lease.signal });
    expect([host.acknowledged, broker.closed]).toEqual([0, 1]);
  });

  it('does not wait for a broker that does not answer', async () => {
    const host = new ChannelModel(20);
    const broker = new Broker();
    const config = {
      origin: 'here',
      envelope: 'raw',
      from: { channel: 'c' },
      inFlight: 4,
    } as unknown as OutboundBridge;
    const late = gate();
    const open = async () => {
      setImmediate(() => host.stop.abort());
      await late.opened;
      return broker.open();
    };
    await new SinkRunner({ config, host, sink: { attributePrefix: 'ce_', open } }).run(host.stop.signal);
    late.open();
    await expect.poll(() => broker.closed).toBe(1);
  });
});

it('a bridge stops although its client does not end what it sends', async () => {
  const host = new ChannelModel(20);
  const config = { origin: 'here', envelope: 'raw', from: { channel: 'c' }, inFlight: 4 } as unknown as OutboundBridge;
  const open = async () => ({
    send: async () => {
      host.stop.abort();
      setImmediate(() => {
        const [, grace] = host.limits;
        grace?.();
      });
      await new Promise<never>(() => {});
    },
    close: async () => {},
  });
  await new SinkRunner({ config, host, sink: { attributePrefix: 'ce_', open } }).run(host.stop.signal);
  expect([host.acknowledged, host.limits.size]).toEqual([0, 0]);
});

describe('an engine that does not answer', () => {
  it('is why the bridge holds while it waits for an acknowledgement', async () => {
    const host = new ChannelModel(3);
    const broker = new Broker();
    let acknowledgements = 0;
    host.onAcknowledge = (wait) => {
      if (++acknowledgements > 1) return;
      wait('the engine does not answer');
      wait(undefined);
    };
    await run(host, broker, { inFlight: 1 });
    expect(host.states).toEqual(['connecting', 'running', 'holding: the engine does not answer', 'running']);
    expect(broker.sent).toEqual([1, 2, 3]);
  });

  it('leaves the connection, and what the broker has is acknowledged', async () => {
    const host = new ChannelModel(20);
    const broker = new Broker();
    const failed = gate();
    let calls = 0;
    host.onNext = () => {
      if (++calls !== 2) return;
      setImmediate(failed.open);
      throw new Error('the engine did not answer');
    };
    broker.onSend = async () => {
      if (calls < 3) await failed.opened;
    };
    await run(host, broker, { overlaps: true });
    expect(broker.sent).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(host.states).toEqual(['connecting', 'running', 'holding: the engine did not answer', 'running']);
    expect([broker.opened, host.openFeeds]).toEqual([1, 0]);
  });

  it('leaves the connection also if no feed can be opened', async () => {
    const host = new ChannelModel(3);
    const broker = new Broker();
    let opens = 0;
    host.onOpen = () => {
      if (++opens < 3) throw new Error('the engine is away');
    };
    await run(host, broker);
    expect(broker.sent).toEqual([1, 2, 3]);
    expect(host.states).toEqual(['connecting', ...Array(2).fill('holding: the engine is away'), 'running']);
    expect(broker.opened).toBe(1);
  });
});

it('a connection that is lost while there is nothing to send is opened again', async () => {
  const host = new ChannelModel(3);
  const broker = new Broker();
  host.stops = false;
  let idle = 0;
  host.onNext = () => {
    if (!host.isOver) return;
    if (++idle === 1) setImmediate(() => broker.lost.abort(new Error('the server has stopped')));
    else host.stop.abort();
  };
  await run(host, broker);
  expect(host.states).toEqual(['connecting', 'running', 'waiting: the server has stopped', 'connecting', 'running']);
  expect([broker.sent, host.openFeeds]).toEqual([[1, 2, 3], 0]);
});

it('a broker that is slow has a minute for each confirm, and says what keeps it', async () => {
  const host = new ChannelModel(4);
  const broker = new Broker();
  broker.held = 'a memory alarm';
  let attempts = 0;
  broker.onSend = async (_, confirmed) => {
    if (++attempts > 1) return;
    await new Promise(setImmediate); // it waits for the confirms
    const [first] = host.limits;
    confirmed(0);
    const [second] = host.limits;
    expect([first !== second, host.limits.size]).toEqual([true, 1]);
    second?.();
    await new Promise(() => {});
  };
  await run(host, broker);
  expect(host.states).toContain('waiting: the broker did not confirm within 60 s: a memory alarm');
  expect(broker.sent).toEqual([1, 2, 3, 4, 2, 3, 4]);
});

it('a broker that confirms nothing one by one has a minute for each message that it accepts', async () => {
  const host = new ChannelModel(4);
  const broker = new Broker();
  let attempts = 0;
  broker.onSend = async (_, __, accepted) => {
    if (++attempts > 1) return;
    await new Promise(setImmediate); // it waits for the confirms
    const [first] = host.limits;
    accepted();
    const [second] = host.limits;
    expect([first !== second, host.limits.size]).toEqual([true, 1]);
    throw new Error('the last peer is gone');
  };
  await run(host, broker);
  expect(host.states).toContain('waiting: the last peer is gone');
  // What it accepted may be lost with its connection.
  expect(broker.sent).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
});

it('what a broker without an order has confirmed is not sent again', async () => {
  const host = new ChannelModel(4);
  const broker = new Broker();
  let attempts = 0;
  broker.onSend = async (_, confirmed) => {
    if (++attempts > 1) return;
    for (const at of [0, 2, 3]) confirmed(at);
    throw new Error('SQS did not accept 1 message');
  };
  await run(host, broker, { skipsConfirmed: true });
  expect(broker.sent).toEqual([1, 2, 3, 4, 2]);
  expect(host.counts).toEqual({ sent: 4 });
});

it.each([
  [true, 4_194_304],
  [false, 16_777_216],
])('few large messages are on their way at the same time: it overlaps: %s', async (overlaps, expected) => {
  const host = new ChannelModel(4);
  await run(host, new Broker(), { overlaps });
  expect(host.longest).toBe(expected);
});

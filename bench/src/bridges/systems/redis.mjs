import { Redis } from 'ioredis';
import { bodyOf, groupsOf, headersOf, IN_FLIGHT } from '../messages.mjs';

const STREAM = 'bench';
const GROUP = 'bare';

export const redis = {
  title: 'Redis Streams',
  broker: 'redis',
  count: 60_000,
  bridge: (port) => ({ redis: { url: `redis://127.0.0.1:${port}` } }),
  from: { streams: [STREAM] },
  to: { stream: STREAM },

  async fill(port, count) {
    const client = new Redis(port);
    for (const numbers of groupsOf(count, 1_000)) {
      const pipeline = client.pipeline();
      for (const n of numbers) pipeline.xadd(STREAM, '*', 'data', bodyOf(n));
      await pipeline.exec();
    }
    client.disconnect();
  },

  async prepare() {},

  async read({ port, count, onDone }) {
    const client = new Redis(port);
    await client.xgroup('CREATE', STREAM, GROUP, '0');
    for (let done = 0; done < count; ) {
      const reading = ['GROUP', GROUP, 'one', 'COUNT', IN_FLIGHT, 'BLOCK', 5_000, 'STREAMS', STREAM, '>'];
      const [[, entries]] = await client.xreadgroup(...reading);
      for (const [, [, data]] of entries) JSON.parse(data);
      await client.xack(STREAM, GROUP, ...entries.map(([id]) => id));
      done += entries.length;
      onDone(entries.length);
    }
  },

  async send({ port, count, onDone }) {
    const client = new Redis(port);
    for (const numbers of groupsOf(count, IN_FLIGHT)) {
      const pipeline = client.pipeline();
      for (const n of numbers) {
        const fields = { ...headersOf(n, 'ce_'), 'content-type': 'application/json', data: bodyOf(n) };
        pipeline.xadd(STREAM, '*', ...Object.entries(fields).flat());
      }
      await pipeline.exec();
      onDone(numbers.length);
    }
  },
};

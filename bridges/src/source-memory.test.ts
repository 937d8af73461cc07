import type { InboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { countHeld } from '../../client-sdk/test/support/garbage.ts';
import { all, ScriptHost } from '../test/support/script-host.ts';
import type { SourceRecord } from './source.ts';
import { SourceRunner } from './source-runner.ts';

const BATCHES = 5;

it('a bridge keeps nothing of the records that it has published and acknowledged', async () => {
  const host = new ScriptHost(Array.from({ length: BATCHES }, () => all));
  const read: WeakRef<SourceRecord>[] = [];
  let held: number | undefined;
  const open = async () => ({
    read: async () => {
      if (read.length === BATCHES) {
        held = await countHeld(read);
        host.stop.abort();
        return [];
      }
      const once = { partition: 'p', position: `${read.length + 1}` };
      const record = { ...{ once, topic: 't', subject: 't', key: undefined }, headers: {}, body: Buffer.from('1') };
      read.push(new WeakRef(record));
      return [record];
    },
    acknowledge: async () => {},
    close: async () => {},
  });
  const config = {
    ...{ name: 'in', origin: 'here', inFlight: 1, poison: { kind: 'stop' } },
    to: { channel: 'c', data: 'json' },
  } as unknown as InboundBridge;
  await new SourceRunner({ config, host, source: { open } }).run(host.stop.signal);
  expect(held).toBeLessThanOrEqual(1); // the latest one may still be in use
});

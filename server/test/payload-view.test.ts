import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { call, KEYS, startManaged } from './support/managed-gateways.ts';

// biome-ignore lint/suspicious/noExplicitAny: lines of the log have different fields
type Line = any;

async function start() {
  const written: Line[] = [];
  const log = pino({ level: 'info' }, { write: (text: string) => void written.push(JSON.parse(text)) });
  const gateway = await startManaged(
    { channels: { 'chat:{room}': { history: true }, jobs: { queue: true } } },
    { log },
  );
  const audits = () => written.filter(({ msg }) => msg === 'audit: payloads were shown');
  return { gateway, audits, written };
}

describe('the data of messages', () => {
  it('is read by programs without a line in the log', async () => {
    const { gateway, audits } = await start();
    await gateway.gateway.publish('chat:a', 'secret');
    const { json } = await call(gateway, '/channels/chat:a/messages', { bearer: KEYS.root });
    expect(json.messages).toMatchObject([{ data: 'secret' }]);
    expect(json.messages[0]).not.toHaveProperty('size');
    expect(audits()).toEqual([]);
  });

  it('stays on the gateway if nobody wants to see it', async () => {
    const { gateway, audits } = await start();
    await gateway.gateway.publish('chat:a', 'secret', { event: 'note' });
    const { json } = await call(gateway, '/channels/chat:a/messages?payloads=false');
    expect(json.messages).toMatchObject([{ offset: 1, event: 'note', data: null, size: 8 }]);
    expect(audits()).toEqual([]);
  });

  it('is shown to a person with a line in the log that says to whom, and not what', async () => {
    const { gateway, audits, written } = await start();
    await gateway.gateway.publish('chat:a', 'secret');
    const { json } = await call(gateway, '/channels/chat:a/messages?payloads=true', { bearer: KEYS.reader });
    expect(json.messages).toMatchObject([{ data: 'secret' }]);
    expect(audits()).toMatchObject([{ by: 'API key reader', target: 'channel chat:a' }]);
    expect(JSON.stringify(written)).not.toContain('secret');
  });

  it('of dead letters is hidden and shown alike', async () => {
    const { gateway, audits } = await start();
    await gateway.gateway.publish('jobs', { card: 4711 });
    const group = '/channels/jobs/groups/queue';
    const { deliveries } = (await call(gateway, `${group}/lease`, { body: { wait: 30_000 } })).json;
    await call(gateway, `${group}/nack`, { body: { deliveries: [deliveries[0].id], dead: true } });
    const hidden = (await call(gateway, `${group}/dead?payloads=false`)).json;
    expect(hidden.letters).toMatchObject([{ message: { data: null, size: 13 } }]);
    expect(audits()).toEqual([]);
    const shown = (await call(gateway, `${group}/dead?payloads=true`)).json;
    expect(shown.letters).toMatchObject([{ message: { data: { card: 4711 } } }]);
    expect(audits()).toMatchObject([{ by: 'API key root', target: 'dead letters of jobs, group queue' }]);
  });

  it('is refused if the query does not say whether to show it', async () => {
    const { gateway } = await start();
    expect(await call(gateway, '/channels/chat:a/messages?payloads=maybe')).toMatchObject({
      status: 400,
      json: {
        error: { name: 'command_invalid', message: expect.stringContaining('"payloads" must be true or false') },
      },
    });
  });
});

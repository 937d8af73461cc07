import { type Client, createClient, type SluiceError } from '@sluice/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { startManaged } from './support/managed-gateways.ts';
import { tokenFor } from './support/tokens.ts';

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function openChannel() {
  const { url } = await startManaged();
  const client = createClient({ url: `${url.replace('http', 'ws')}/ws`, WebSocket, token: () => tokenFor('ada') });
  clients.push(client);
  return client.channel<number>('chat:prices');
}

const region = (name: string) => ({ tags: { region: name } });

describe('an application with filters', () => {
  it('may choose another one as often as it likes', async () => {
    const channel = await openChannel();
    for (let n = 0; n < 40; n++) {
      const seen: number[] = [];
      const subscription = channel.subscribe(({ data }) => seen.push(data), { filter: region(`r${n}`) });
      await subscription.ready;
      await channel.publish(-n, { tags: { region: 'other' } });
      await channel.publish(n, { tags: { region: `r${n}` } });
      await vi.waitFor(() => expect(seen).toEqual([n]), { timeout: 60_000 });
      subscription.unsubscribe();
    }
  });

  it('is refused a sixteenth filter with the limit in the error, and may add one after another has ended', async () => {
    const channel = await openChannel();
    const subscribe = (n: number) => channel.subscribe(() => {}, { filter: region(`r${n}`), onError: () => {} });
    const open = Array.from({ length: 15 }, (_, n) => subscribe(n));
    await Promise.all(open.map(({ ready }) => ready));
    const error: SluiceError = await subscribe(15).ready.then(
      () => expect.fail('it was not refused'),
      (reason) => reason,
    );
    expect([error.name, error.message]).toEqual([
      'command_invalid',
      expect.stringContaining('a connection has at most 15 filters per channel'),
    ]);
    open[3]?.unsubscribe();
    // Its id is free once the gateway has confirmed that it has ended.
    await vi.waitFor(() => subscribe(16).ready, { timeout: 60_000 });
  });
});

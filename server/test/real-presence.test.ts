import { afterEach, describe, expect, it } from 'vitest';
import { type RealGateway, type Subprotocol, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const SUBPROTOCOLS: Subprotocol[] = ['sluice.v1.json', 'sluice.v1.msgpack'];
const MEMBERS = 300;

let gateway: RealGateway | undefined;
afterEach(() => gateway?.stop());

describe.each(SUBPROTOCOLS)('presence over a real port and %s', (subprotocol) => {
  it('reports lists of several pushes, joins, and members who close their browser', async () => {
    const presence = { grace: 0, interval: 0, listUpTo: 1_000 };
    gateway = await startGateway({ channels: { room: { allow: { '*': 'users' }, presence } } });
    for (let n = 0; n < MEMBERS; n++) {
      const state = 'x'.repeat(200);
      void gateway.services.presence.enter({ channel: 'room', connection: `c${n}`, user: `user ${n}`, state });
    }
    const { client: ada } = await gateway.connect(await tokenFor('ada'), subprotocol);
    expect(await ada.result({ type: 'watch', channel: 'room' })).toEqual({ total: MEMBERS });
    await ada.wait((received) => received.type === 'presence' && received.more !== true);
    const list = ada.received.flatMap((received) => (received.type === 'presence' ? [received] : []));
    expect(list.length).toBeGreaterThan(3);
    expect(list.map(({ reset }) => reset)).toEqual([true, ...Array.from(list.slice(1), () => undefined)]);
    expect(list.flatMap(({ changes = [] }) => changes)).toHaveLength(MEMBERS);

    const ben = await gateway.connect(await tokenFor('ben'), subprotocol);
    await ben.client.result({ type: 'enter', channel: 'room', state: 'hello' });
    const joined = (total: number) => ada.wait((received) => received.type === 'presence' && received.total === total);
    expect(await joined(MEMBERS + 1)).toMatchObject({ changes: [{ member: { user: 'ben', state: 'hello' } }] });
    const seen = ada.received.length;
    ben.socket.close();
    await ada.wait((received) => ada.received.indexOf(received) >= seen && received.type === 'presence');
    expect(ada.received.at(-1)).toMatchObject({ total: MEMBERS, changes: [{ left: 'ben' }] });
  });
});

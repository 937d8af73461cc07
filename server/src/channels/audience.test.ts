import { describe, expect, it } from 'vitest';
import { StubConnection } from '../../test/support/stub-subscriber.ts';
import { jsonWire } from '../protocols/native/json-wire.ts';
import { msgpackWire } from '../protocols/native/msgpack-wire.ts';
import { Audience, Audiences, type Listener, PLAIN, type Variant } from './audience.ts';

const create = () => new Audiences((wire, variant) => new Audience(wire, variant, ':chat'));
const listener = (wire = jsonWire) => ({ wire, connection: new StubConnection('c') });
const topicsOf = ({ connection }: ReturnType<typeof listener>) => [...connection.topics];
const liveOf = (audiences: Audiences) => [...audiences].map(({ topic, live }) => `${topic} ${live}`);

describe('audiences', () => {
  it('are one for all who share wire and variant', () => {
    const audiences = create();
    const second: Variant = { key: '2' };
    const joins: [Listener, Variant][] = [
      [listener(), PLAIN],
      [listener(), PLAIN],
      [listener(msgpackWire), PLAIN],
      [listener(), second],
      [listener(), { ...second }],
    ];
    for (const [who, variant] of joins) audiences.join(who, variant);
    expect(liveOf(audiences)).toEqual(['j:chat 2', 'm:chat 1', 'j:chat#2 2']);
  });

  it('deliver to a connection from its join until it leaves, each variant on its own', () => {
    const audiences = create();
    const ada = listener();
    audiences.join(ada, PLAIN);
    audiences.join(ada, { key: '1' });
    expect(topicsOf(ada)).toEqual(['j:chat', 'j:chat#1']);
    audiences.leave(ada, PLAIN);
    expect(topicsOf(ada)).toEqual(['j:chat#1']);
    expect(audiences.silent).toBe(false);
    audiences.leave(ada, { key: '1' });
    expect(topicsOf(ada)).toEqual([]);
    expect(audiences.silent).toBe(true);
  });

  it('of variants that clients choose do not pile up', () => {
    const audiences = create();
    const ada = listener();
    for (let sub = 1; sub <= 15; sub++) {
      audiences.join(ada, { key: String(sub) });
      audiences.leave(ada, { key: String(sub) });
    }
    expect([...audiences]).toEqual([]);
  });
});

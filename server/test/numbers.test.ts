import { msgpack } from '@sluice/protocol/msgpack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

/** Numbers in JSON that JavaScript cannot represent. */
const LOST = [
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '1161380288898609914',
  '18446744073709551615',
  '-9223372036854775808',
  '9007199254740993.0',
  '9007199254740993e0',
  '90071992547409.93e2',
  '12345678901234567890.12',
  '123456789012345678901234567890',
  '0.12345678901234567890',
  '-1.23456789012345678e-7',
  '100000000000000000000',
  '1e400',
  '-1e400',
];
/** Numbers in JSON that JavaScript can represent, and what subscribers receive. */
const CARRIED: readonly (readonly [string, string])[] = [
  ['9007199254740991', '9007199254740991'],
  ['-9007199254740991', '-9007199254740991'],
  ['-0', '0'],
  ['1.0', '1'],
  ['0.1', '0.1'],
  ['0.30000000000000004', '0.30000000000000004'],
  ['1.00000000000000000000000000', '1'],
  ['6.02e23', '6.02e+23'],
  ['1e21', '1e+21'],
  ['1.7976931348623157e308', '1.7976931348623157e+308'],
  ['5e-324', '5e-324'],
  ['1e-400', '0'],
];
/** Numbers in MessagePack that JavaScript cannot represent, in hexadecimal. */
const LOST_IN_MSGPACK: readonly (readonly [string, string])[] = [
  ['uint 64, 2^53', 'cf0020000000000000'],
  ['uint 64, 2^53 + 1', 'cf0020000000000001'],
  ['uint 64, the largest', 'cfffffffffffffffff'],
  ['int 64, -2^53 - 1', 'd3ffdfffffffffffff'],
  ['int 64, the smallest', 'd38000000000000000'],
  ['float 64, 2^53', 'cb4340000000000000'],
  ['float 64, 1e20', 'cb4415af1d78b58c40'],
  ['float 32, 2^63', 'ca5f000000'],
  ['float 64, NaN', 'cb7ff8000000000000'],
  ['float 64, Infinity', 'cb7ff0000000000000'],
  ['float 64, -Infinity', 'cbfff0000000000000'],
  ['float 32, NaN', 'ca7fc00000'],
  ['float 32, Infinity', 'ca7f800000'],
];
const CARRIED_IN_MSGPACK: readonly (readonly [string, string, number])[] = [
  ['uint 64, 2^53 - 1', 'cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['int 64, 1 - 2^53', 'd3ffe0000000000001', Number.MIN_SAFE_INTEGER],
  ['int 64, -1', 'd3ffffffffffffffff', -1],
  ['uint 64, 7', 'cf0000000000000007', 7],
  ['float 64, 1e21', 'cb444b1ae4d6e2ef50', 1e21],
];
const connect = async (protocol: string) => {
  const world = await createWorld();
  return world.connect(await tokenFor('ada', { clock: () => world.clock.now() }), { protocols: [protocol] });
};
const seven = (message: object) => 'id' in message && message.id === 7;

describe('a number in a JSON frame', () => {
  const FIELDS: readonly (readonly [string, (number: string) => string])[] = [
    ['data', (number) => `"type":"publish","data":${number}`],
    ['data.a[1].id', (number) => `"type":"publish","data":{"a":["12345678901234567890",{"id":${number}}]}`],
    ['state.n', (number) => `"type":"enter","state":{"n":${number}}`],
  ];

  it.each(LOST.flatMap((number) => FIELDS.map(([path, write]) => [number, path, write] as const)))(
    '%s is refused in %s',
    async (number, path, write) => {
      const { client } = await connect('sluice.v1.json');
      client.sendBytes(`[{"type":"ping","id":6},{"id":7,"channel":"chat:a",${write(number)}}]`);
      const message = expect.stringMatching(
        new RegExp(`^${path.replace(/[[\]]/g, '\\$&')}: (beyond 2\\^53 - 1|not a finite number).*as a string$`),
      );
      expect(await client.wait(seven)).toMatchObject({ error: { name: 'payload_invalid', message } });
      expect(await client.wait((other) => 'id' in other && other.id === 6)).toMatchObject({ type: 'reply' });
    },
  );

  it.each(CARRIED)('%s is delivered as %s', async (number, delivered) => {
    const { client } = await connect('sluice.v1.json');
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    client.sendBytes(`{"type":"publish","id":77,"channel":"chat:a","data":{"n":${number}}}`);
    const [message] = await client.messages('chat:a', 1);
    expect(JSON.stringify(message?.data)).toBe(`{"n":${delivered}}`);
  });

  it.each(LOST)('%s in a string stays a string', async (number) => {
    const { client } = await connect('sluice.v1.json');
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    const data = { [number]: number, quoted: `"${number}", \\"${number}` };
    await client.result({ type: 'publish', channel: 'chat:a', data, tags: { id: number }, event: number, key: number });
    expect(await client.messages('chat:a', 1)).toMatchObject([{ data, tags: { id: number }, event: number }]);
  });

  const WHERE: readonly (readonly [string, (number: string) => string, string])[] = [
    ['id', (number) => `{"type":"ping","id":${number}}`, 'command_invalid'],
    ['tags', (number) => `{"type":"publish","id":7,"channel":"chat:a","data":1,"tags":{"a":${number}}}`, 'tags.a'],
    ['rewind', (number) => `{"type":"subscribe","id":7,"channel":"chat:a","rewind":${number}}`, 'rewind'],
    ['since', (number) => `{"type":"subscribe","id":7,"channel":"chat:a","since":${number}}`, 'since'],
    [
      'offset',
      (number) => `{"type":"subscribe","id":7,"channel":"chat:a","position":{"epoch":"e","offset":${number}}}`,
      'position',
    ],
    ['after', (number) => `{"type":"history","id":7,"channel":"chat:a","after":${number}}`, 'after'],
    ['series', (number) => `{"type":"publish","id":7,"channel":"chat:a","data":1,"series":${number}}`, 'series'],
  ];
  it.each(WHERE.flatMap(([field, write, detail]) => LOST.map((number) => [field, number, write, detail] as const)))(
    'that is not a safe integer is refused in %s: %s',
    async (_, number, write, detail) => {
      const { client } = await connect('sluice.v1.json');
      client.sendBytes(write(number));
      const failure = await client.wait(({ type }) => type === 'error');
      expect(failure).toMatchObject({ error: { name: 'command_invalid' } });
      expect(JSON.stringify(failure)).toContain(detail);
    },
  );
});

describe('a number in a MessagePack frame', () => {
  const publish = (number: string) =>
    Buffer.concat([
      Buffer.from(msgpack.encode({ type: 'publish', id: 7, channel: 'chat:a', data: { a: [0] } })).subarray(0, -1),
      Buffer.from(number, 'hex'),
    ]);

  it.each(LOST_IN_MSGPACK)('%s is refused with its path', async (_, hex) => {
    const { client } = await connect('sluice.v1.msgpack');
    client.sendBytes(publish(hex));
    const message = expect.stringMatching(/^data\.a\[0\]: (beyond 2\^53 - 1|not a finite number)/);
    expect(await client.wait(seven)).toMatchObject({ error: { name: 'payload_invalid', message } });
  });

  it.each(CARRIED_IN_MSGPACK)('%s is delivered', async (_, hex, number) => {
    const { client } = await connect('sluice.v1.msgpack');
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    client.sendBytes(publish(hex));
    expect(await client.messages('chat:a', 1)).toMatchObject([{ data: { a: [number] } }]);
  });
});

describe('a number over HTTP', () => {
  let gateway: RealGateway;
  beforeAll(async () => {
    gateway = await startGateway({
      keys: [{ secret: SECRET }],
      channels: { 'chat:{room}': { allow: {}, history: true } },
      apiKeys: [{ name: 'backend', secret: 'an-API-key-that-only-tests-know' }],
    });
  });
  afterAll(() => gateway.stop());

  const post = async (body: string) => {
    const headers = { Authorization: 'Bearer an-API-key-that-only-tests-know' };
    const response = await fetch(`${gateway.url}/api/v1/publish`, { method: 'POST', headers, body });
    return { status: response.status, answer: (await response.json()) as unknown };
  };
  const message = expect.stringMatching(/^data\.a\[1\]: /);
  const refused = { error: { name: 'payload_invalid', message } };
  const publish = (number: string) => `{"channel":"chat:a","data":{"a":["x",${number}]}}`;

  it.each(LOST)('%s is refused with its path, alone and in a batch', async (number) => {
    expect(await post(publish(number))).toMatchObject({ status: 422, answer: refused });
    const batch = await post(`[${publish('1')},${publish(number)},${publish('"12345678901234567890"')}]`);
    expect(batch).toMatchObject({
      status: 200,
      answer: [{ id: expect.any(String) }, refused, { id: expect.any(String) }],
    });
  });

  it.each(CARRIED)('%s is accepted', async (number) => {
    expect(await post(publish(number))).toMatchObject({ status: 200 });
  });
});

describe('a number of the embedding program', () => {
  it.each([2 ** 53, -(2 ** 60), 1e20, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d is refused with its path',
    async (number) => {
      const { gateway } = await createWorld();
      await expect(gateway.publish('chat:a', { a: [number] })).rejects.toMatchObject({
        name: 'payload_invalid',
        message: expect.stringMatching(/^data\.a\[0\]: /),
      });
    },
  );
});

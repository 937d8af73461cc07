import { checkData } from '@sluice/protocol';
import type { InboundBridge } from '@sluice/server/bridging';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapRecord } from './mapping.ts';
import type { SourceRecord } from './source.ts';
import { Unmappable } from './unmappable.ts';

const record = (body: string | Buffer, more: Partial<SourceRecord> = {}): SourceRecord => ({
  once: { id: '1' },
  ...{ topic: 'orders', subject: 'orders.eu', key: 'k1', headers: { Type: 'created' }, body: Buffer.from(body) },
  ...more,
});
type To = InboundBridge['to'];
const to = (more: Partial<To> = {}): To => ({ channel: 'c', data: 'json', ...more });

describe('a record becomes a message', () => {
  it.each<[string, Partial<To>, string]>([
    ['the topic', { channel: 'a:{topic}' }, 'a:orders'],
    ['the subject, as one segment', { channel: 'a:{subject}' }, 'a:orders.eu'],
    ['the key', { channel: '{key}' }, 'k1'],
    ['a header in any case', { channel: 'a:{header:type}' }, 'a:created'],
    ['a value of the body', { channel: 'a:{data:/user/id}:b' }, 'a:7:b'],
    ['a value under an escaped name', { channel: 'a:{data:/a~1b}' }, 'a:x~3Ay'],
    ['the largest number', { channel: 'a:{data:/most}' }, 'a:9007199254740991'],
    ['a fraction', { channel: 'a:{data:/price}' }, 'a:0.5'],
    ['a whole name as it is', { channel: '{data:/a~1b}' }, 'x:y'],
  ])('on a channel with %s', (_, target, channel) => {
    const [message] = mapRecord(
      record('{"user":{"id":7},"a/b":"x:y","most":9007199254740991,"price":0.5}'),
      to(target),
    );
    expect(message?.channel).toBe(channel);
  });

  it.each<[To['data'], string]>([
    ['json', '"eu"'],
    ['text', 'eu'],
  ])('on a channel with the whole body as %s', (data, body) => {
    expect(mapRecord(record(body), to({ channel: 'a:{data:}', data }))[0]?.channel).toBe('a:eu');
  });

  it.each<[To['data'], Buffer, unknown]>([
    ['json', Buffer.from('{"a":1}'), { a: 1 }],
    ['text', Buffer.from('grün'), 'grün'],
    ['base64', Buffer.from([255, 0]), '/wA='],
  ])('with data as %s', (data, body, expected) => {
    expect(mapRecord(record(body), to({ data }))[0]?.draft.data).toEqual(expected);
  });

  it('with every character of a text, also a byte order mark, which JSON does without', () => {
    const body = '\ufeff"a"';
    const dataAs = (data: To['data'], headers = {}) =>
      mapRecord(record(body, { headers }), to({ data }))[0]?.draft.data;
    expect(dataAs('text')).toBe(body);
    expect(dataAs('json')).toBe('a');
    const event = { ce_specversion: '1.0', ce_type: 't' };
    expect(dataAs('cloudevents', { ...event, 'content-type': 'text/plain' })).toBe(body);
    expect(dataAs('cloudevents', event)).toBe('a');
  });

  it.each<[To['data'], string, string]>([
    ['json', '{"a":[0.12345678901234567890]}', 'data.a[0]'],
    ['json', '{"id":9007199254740993}', 'data.id'],
    ['cloudevents', '{"specversion":"1.0","type":"t","data":{"a":12345678901234567890}}', 'data.a'],
    ['centrifugo', '{"method":"publish","payload":{"channel":"c","data":{"a":1.23456789012345678901}}}', 'data.a'],
  ])('as %s, whose long numbers the gateway finds: %s', (data, body, path) => {
    const [message] = mapRecord(record(body), to({ data }));
    expect(checkData(message?.draft.data)).toContain(path);
  });

  it('with a tag or an attribute named __proto__, or like what every object has', () => {
    const headers = { ce_specversion: '1.0', ce_type: 't', ce_constructor: 'c', ce___proto__: 'p' };
    const named = (header: string) =>
      mapRecord(record('1', { headers }), to({ data: 'cloudevents', channel: `x:{header:${header}}` }))[0]?.channel;
    expect([named('constructor'), named('__proto__')]).toEqual(['x:c', 'x:p']);
    const centrifugo = { 'centrifugo-channels': 'a', 'centrifugo-tag-__proto__': 'p' };
    const [message] = mapRecord(record('1', { headers: centrifugo }), to({ data: 'centrifugo' }));
    expect(Object.entries(message?.draft.tags ?? {})).toEqual([['__proto__', 'p']]);
  });

  it.each<To['data']>(['json', 'text', 'base64'])('with the data null, as %s, if it has no body at all', (data) => {
    expect(mapRecord(record('', { isTombstone: true }), to({ data }))[0]?.draft.data).toBeNull();
  });

  it('with the data null if it has no body, but the headers of a CloudEvent or of Centrifugo', () => {
    const event = { ce_specversion: '1.0', ce_type: 't' };
    const without = (headers: Record<string, string>) => record('', { isTombstone: true, headers });
    expect(mapRecord(without(event), to({ data: 'cloudevents' }))[0]?.draft).toEqual({ data: null, event: 't' });
    const [message] = mapRecord(without({ 'centrifugo-channels': 'a' }), to({ data: 'centrifugo' }));
    expect(message).toEqual({ channel: 'a', draft: { data: null } });
  });

  it('whose data as JSON has at most six times the bytes of the body with quotes: then nobody measures it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\u0001', '"', '\\', '\ud800') }),
    );
    const body = fc.oneof(text, fc.json(), fc.constantFrom('', '1e20', '-1e-7', '[1e20,1e20]', 'true', '{}'));
    fc.assert(
      fc.property(body, fc.constantFrom<To['data']>('json', 'text', 'base64', 'cloudevents'), (content, data) => {
        const headers = { ce_specversion: '1.0', ce_type: 't', 'content-type': 'text/plain' };
        const from = record(content, { headers });
        try {
          const json = JSON.stringify(mapRecord(from, to({ data }))[0]?.draft.data) ?? '';
          expect(Buffer.byteLength(json)).toBeLessThanOrEqual(6 * (from.body.length + 2));
        } catch (error) {
          if (!(error instanceof Unmappable)) throw error;
        }
      }),
    );
  });

  it('with an event and tags; a tag without a value is left out', () => {
    const target = to({ event: '{header:type}', tags: { of: '{topic}!', absent: '{header:no}' } });
    expect(mapRecord(record('1'), target)[0]?.draft).toEqual({ data: 1, event: 'created', tags: { of: 'orders!' } });
  });

  it.each<[string, SourceRecord, Partial<To>, string]>([
    ['no JSON', record('{'), {}, 'the body is not JSON'],
    ['no UTF-8', record(Buffer.from([255])), { data: 'text' }, 'the body is not UTF-8'],
    ['no key', record('1', { key: undefined }), { channel: 'a:{key}' }, 'needs a value for {key}'],
    ['an empty key', record('1', { key: '' }), { channel: 'a:{key}' }, 'needs a value for {key}'],
    ['an object as a value', record('{"a":{}}'), { channel: '{data:/a}' }, 'needs a value for {data:/a}'],
    ['a lone surrogate', record('{"a":"\\ud800"}'), { channel: 'x:{data:/a}' }, 'URI malformed'],
    ['a number that is too large', record('{"id":9007199254740993}'), { channel: 'x:{data:/id}' }, 'is outside of'],
    ['a number with an exponent', record('{"id":1e21}'), { channel: 'x:{data:/id}' }, 'the number at {data:/id}'],
    ['a number that is too small', record('{"id":-9007199254740993}'), { tags: { id: '{data:/id}' } }, 'as a text'],
    [
      'a CloudEvent with such a number',
      record('{"specversion":"1.0","type":"t","id":9007199254740993}'),
      { data: 'cloudevents', channel: 'x:{header:id}' },
      'needs a value for {header:id}',
    ],
    ['a number with too many digits', record('{"id":0.123456789012345678}'), { channel: 'x:{data:/id}' }, '17 digits'],
    ['an attribute of every object', record('1', { headers: {} }), { channel: 'x:{header:toString}' }, 'needs a value'],
    [
      'an attribute of every object as a CloudEvent',
      record('{"specversion":"1.0","type":"t"}', { headers: {} }),
      { data: 'cloudevents', channel: 'x:{header:constructor}' },
      'needs a value',
    ],
    ['no CloudEvent', record('{"a":1}'), { data: 'cloudevents' }, 'no CloudEvent'],
  ])('unless it has %s', (_, from, target, reason) => {
    expect(() => mapRecord(from, to(target))).toThrow(Unmappable);
    expect(() => mapRecord(from, to(target))).toThrow(reason);
  });
});

describe('a CloudEvent', () => {
  const binary = (prefix: string) => ({
    [`${prefix}specversion`]: '1.0',
    [`${prefix}type`]: 'com.example.created',
    [`${prefix}source`]: 'shop',
    'content-type': 'application/json',
  });

  it.each(['ce_', 'ce-', 'cloudEvents:', 'cloudEvents_'])(
    'has its attributes in headers that begin with %s',
    (prefix) => {
      const target = to({ data: 'cloudevents', channel: 'a:{header:source}' });
      const [message] = mapRecord(record('{"n":1}', { headers: binary(prefix) }), target);
      expect(message).toEqual({ channel: 'a:shop', draft: { data: { n: 1 }, event: 'com.example.created' } });
    },
  );

  it.each([
    ['application/vnd.shop+json; charset=utf-8', '{"n":1}', { n: 1 }],
    ['text/plain', 'hello', 'hello'],
    ['application/octet-stream', 'hi', 'aGk='],
  ])('has data of the type %s', (type, body, data) => {
    const headers = { ...binary('ce_'), 'content-type': type };
    expect(mapRecord(record(body, { headers }), to({ data: 'cloudevents' }))[0]?.draft.data).toEqual(data);
  });

  it.each([
    [{ data: { n: 1 } }, { n: 1 }],
    [{ data_base64: 'aGk=' }, 'aGk='],
    [{}, null],
  ])('has everything in the body: %j', (content, data) => {
    const body = JSON.stringify({ specversion: '1.0', type: 't', source: 's', id: '1', ...content });
    const target = to({ data: 'cloudevents', channel: 'a:{header:id}', event: 'x-{event}' });
    expect(mapRecord(record(body), target)).toEqual([{ channel: 'a:1', draft: { data, event: 'x-t' } }]);
  });
});

describe("a message for Centrifugo's consumers", () => {
  const map = (body: unknown, headers: Record<string, string> = {}) =>
    mapRecord(record(JSON.stringify(body), { headers }), to({ data: 'centrifugo' }));

  it('is a command', () => {
    const payload = { channel: 'a', data: { n: 1 }, tags: { t: 'x' } };
    expect(map({ method: 'publish', payload })).toEqual([
      { channel: 'a', draft: { data: { n: 1 }, tags: { t: 'x' } } },
    ]);
    expect(
      map({ method: 'broadcast', payload: { channels: ['a', 'b'], data: 1 } }).map(({ channel }) => channel),
    ).toEqual(['a', 'b']);
  });

  it('is the body of a command, which a header names', () => {
    expect(map({ channel: 'a', data: 1 }, { 'centrifugo-method': 'publish' })).toEqual([
      { channel: 'a', draft: { data: 1 } },
    ]);
  });

  it('is the payload of an entry of a Redis stream, beside its method', () => {
    expect(map({ channel: 'a', data: 1 }, { method: 'publish' })).toEqual([{ channel: 'a', draft: { data: 1 } }]);
    expect(() => map({ user: 'ada' }, { method: 'disconnect' })).toThrow('neither "publish" nor "broadcast"');
  });

  it('may have its data as JSON in base64', () => {
    const payload = { channel: 'a', b64data: Buffer.from('{"n":1}').toString('base64') };
    expect(map({ method: 'publish', payload })).toEqual([{ channel: 'a', draft: { data: { n: 1 } } }]);
    const several = { channels: ['a', 'b'], data: null, b64data: 'MQ' };
    expect(map({ method: 'broadcast', payload: several }).map(({ draft }) => draft.data)).toEqual([1, 1]);
  });

  it.each([
    ['bytes that are no JSON', Buffer.from([0xff, 0x00]).toString('base64'), 'is not JSON in base64'],
    ['a text that is no JSON', Buffer.from('hello').toString('base64'), 'is not JSON in base64'],
    ['no base64', '{"n":1}', 'is not base64'],
  ])('cannot have %s as its data', (_, b64data, reason) => {
    expect(() => map({ method: 'publish', payload: { channel: 'a', b64data } })).toThrow(reason);
  });

  it.each(['centrifugo-', 'x-centrifugo-', 'X-Centrifugo-'])('is a publication with headers, %s…', (prefix) => {
    const headers = { [`${prefix}channels`]: 'a, b', [`${prefix}tag-t`]: 'x' };
    expect(map(1, headers)).toEqual(['a', 'b'].map((channel) => ({ channel, draft: { data: 1, tags: { t: 'x' } } })));
  });

  it('comes once to a channel that is named twice', () => {
    const names = (channels: readonly string[]) =>
      map({ method: 'broadcast', payload: { channels, data: 1 } }).map(({ channel }) => channel);
    expect(names(['a', 'b', ' a ', 'b', ''])).toEqual(['a', 'b']);
  });

  it.each([
    [{ method: 'disconnect', payload: {} }, 'neither "publish" nor "broadcast"'],
    [{ method: 'publish', payload: {} }, 'names no channel'],
    [{ n: 1 }, 'no header'],
  ])('is not %j', (body, reason) => {
    expect(() => map(body)).toThrow(reason);
  });
});

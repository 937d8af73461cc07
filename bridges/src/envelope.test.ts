import type { Message } from '@sluice/protocol';
import type { Envelope } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { type EnvelopeOptions, wrapDeadLetter, wrapGap, wrapMessage } from './envelope.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const message: Message = { id: 'm1', offset: 7, time: 0, data: { n: 1 }, event: 'signed-in', tags: { region: 'eu' } };
const copy: Message = { ...message, origin: { channel: 'orders:1', offset: 3 }, from: 'ada', trace: TRACE };

const options = (envelope: Envelope): EnvelopeOptions => ({
  ...{ bridge: { envelope, from: { channel: 'all' } }, origin: 'here', prefix: 'ce_' },
});

const OWN = { 'sluice-origin': 'here', 'sluice-channel': 'all', 'sluice-offset': '7', 'sluice-id': 'all/e/7' };
const EVENT = {
  ...{ specversion: '1.0', id: 'all/e/7', source: 'here', type: 'signed-in', subject: 'all' },
  ...{ time: '1970-01-01T00:00:00.000Z', messageid: 'm1' },
};
const ABOUT = { sourcechannel: 'orders:1', sourceoffset: '3', publisher: 'ada', traceparent: TRACE };
const prefixed = (attributes: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]));

describe('a message for a broker', () => {
  it.each<[Envelope, object, object]>([
    ['raw', { ...OWN, 'sluice-message-id': 'm1' }, { n: 1 }],
    ['cloudevents', { ...OWN, ...prefixed(EVENT) }, { n: 1 }],
    ['cloudevents-structured', OWN, { ...EVENT, datacontenttype: 'application/json', data: { n: 1 } }],
  ])('as %s', (envelope, headers, body) => {
    const record = wrapMessage('e', message, options(envelope));
    expect(record.headers).toEqual(headers);
    expect(JSON.parse(record.body.toString())).toEqual(body);
    expect([record.event, record.tags, record.source]).toEqual(['signed-in', { region: 'eu' }, undefined]);
  });

  it.each<[Envelope, object, object]>([
    [
      'raw',
      {
        ...{ ...OWN, 'sluice-message-id': 'm1', 'sluice-source-channel': 'orders:1', 'sluice-source-offset': '3' },
        ...{ 'sluice-publisher': 'ada', traceparent: TRACE },
      },
      { n: 1 },
    ],
    ['cloudevents', { ...OWN, ...prefixed({ ...EVENT, ...ABOUT }) }, { n: 1 }],
    ['cloudevents-structured', OWN, { ...EVENT, ...ABOUT, datacontenttype: 'application/json', data: { n: 1 } }],
  ])('as %s names where it was published, by whom and in which trace', (envelope, headers, body) => {
    const record = wrapMessage('e', copy, options(envelope));
    expect(record.headers).toEqual(headers);
    expect(JSON.parse(record.body.toString())).toEqual(body);
    expect(record.source).toBe('orders:1');
  });

  it('has attributes with names that CloudEvents allow', () => {
    const { body } = wrapMessage('e', copy, options('cloudevents-structured'));
    for (const name of Object.keys(JSON.parse(body.toString()))) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it('has the places where it was in a header, and not as a tag', () => {
    const tags = { region: 'eu', 'x-via': 'abc' };
    const record = wrapMessage('e', { ...message, tags }, options('raw'));
    expect([record.tags, record.headers['sluice-via']]).toEqual([{ region: 'eu' }, 'abc']);
  });
});

it('a dead letter says the same about its message, and a gap says nothing', () => {
  const size = { size: 9, detail: 'too much' };
  const { headers } = wrapDeadLetter({ epoch: 'e', message: copy }, size, options('raw'));
  expect(headers).toMatchObject({ 'sluice-type': 'sluice.dead_letter', 'sluice-source-channel': 'orders:1' });
  const at = { epoch: 'e', offset: 4 };
  const gap = wrapGap(
    { reason: 'retention', from: at, to: at },
    { time: 0, route: { event: 'a', tags: {} } },
    options('raw'),
  );
  expect([gap.event, gap.tags, gap.route]).toEqual(['sluice.gap', {}, { event: 'a', tags: {} }]);
  expect(Object.keys(gap.headers)).toEqual([...Object.keys(OWN), 'sluice-type']);
});

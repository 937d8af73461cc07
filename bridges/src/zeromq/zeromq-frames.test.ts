import { describe, expect, it } from 'vitest';
import { contentFrames, readContent } from './zeromq-frames.ts';

const frames = (...texts: string[]) => texts.map((text) => Buffer.from(text));

describe('the frames of a message', () => {
  it.each([
    ['a body', ['1'], { headers: {}, body: '1' }],
    ['headers and a body', ['{"a":"b","n":7}', '1'], { headers: { a: 'b', n: '7' }, body: '1' }],
    ['nothing', [], { fault: 'the message has no frame with a body' }],
    ['too much', ['{}', '1', '2'], { fault: 'the message has 3 frames' }],
    ['headers that are no JSON', ['a=b', '1'], { fault: 'not a JSON object' }],
    ['headers that are a list', ['[]', '1'], { fault: 'not a JSON object' }],
  ])(
    'are read if they are %s',
    (_, texts, { headers, body, fault }: { headers?: object; body?: string; fault?: string }) => {
      const read = readContent(frames(...texts));
      if (fault === undefined) expect(read).toEqual({ headers, body: Buffer.from(body ?? '') });
      else expect(read.fault).toContain(fault);
    },
  );

  it('are read as they were written', () => {
    const record = {
      ...{ id: 'a/b/1', channel: 'a', epoch: 'b', offset: 1, event: 'signed', tags: { region: 'eu' } },
      ...{ headers: { 'ce-id': 'a/b/1' }, contentType: 'application/json', body: Buffer.from('{}') },
    };
    const [headers, body] = contentFrames(record);
    expect(readContent([Buffer.from(headers), body])).toEqual({
      headers: { 'ce-id': 'a/b/1', 'tag:region': 'eu', event: 'signed', 'content-type': 'application/json' },
      body: Buffer.from('{}'),
    });
  });
});

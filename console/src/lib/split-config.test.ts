import { describe, expect, it } from 'vitest';
import { splitConfig } from './split-config.ts';

describe('a configuration', () => {
  it('has options of one line', () => {
    const { plain } = splitConfig({ port: 80, dev: false, node: null, origins: [], hooks: {}, hosts: ['a', 'b'] });
    expect(plain.map(({ name, text }) => `${name}=${text}`)).toEqual([
      ...['port=80', 'dev=false', 'node=none', 'origins=none', 'hooks=none', 'hosts=a, b'],
    ]);
  });

  it('has sections, those that operators look for first', () => {
    const { sections } = splitConfig({
      sse: { a: 1 },
      webhooks: [{ on: ['a', 'b'] }],
      channels: { 'chat:{room}': {} },
    });
    expect(sections.map(({ name }) => name)).toEqual(['channels', 'webhooks', 'sse']);
    expect(sections[0]?.text).toBe('{\n  "chat:{room}": {}\n}');
    expect(sections[1]?.text).toBe('[\n  {\n    "on": ["a", "b"]\n  }\n]');
  });
});

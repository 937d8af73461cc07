import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/schema.ts';
import { LoggedMessage } from '../engine/logged-message.ts';
import { Channel } from './channel.ts';

const rule = (slow: 'latest' | 'drop') => {
  const [found] = parseConfig({ anonymous: true, channels: { a: { slow } } }).channels;
  if (found === undefined) throw new Error('there is no rule');
  return found;
};

describe('Channel', () => {
  it('keeps the newest messages only where its rule skips to them', () => {
    expect(new Channel('a', rule('latest'), { epoch: 'e', head: 0 }).latest).toBeDefined();
    expect(new Channel('a', rule('drop'), { epoch: 'e', head: 0 }).latest).toBeUndefined();
  });

  it('forgets them when the log goes on elsewhere: they belong to another life', () => {
    const channel = new Channel('a', rule('latest'), { epoch: 'e', head: 4 });
    channel.latest?.keep(LoggedMessage.of({ id: 'm', offset: 5, time: 0, data: null }));
    channel.jump('f', 9);
    expect(channel.latest?.between(0, 9)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config/schema.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const rules = (channels: object) => parseConfig({ keys: [{ secret: SECRET }], channels: channels as never });

describe('rules that are reloaded', () => {
  it('hold for what is asked from now on, and end what is not allowed any more', async () => {
    const world = await createWorld({
      channels: { 'a:{x}': { allow: { '*': 'users' } }, b: { allow: { '*': 'users' } } },
    });
    const { voice } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    for (const type of ['subscribe', 'watch', 'enter'] as const) await voice.result({ type, channel: 'a:1' });
    await voice.result({ type: 'subscribe', channel: 'b' });

    await world.gateway.reload(
      rules({
        'a:{x}': { allow: { publish: 'users' } },
        b: { allow: { subscribe: 'users' } },
        c: { allow: { '*': 'users' } },
      }),
    );
    await world.idle();
    const ended = voice.heard.flatMap((message) =>
      'reason' in message && 'channel' in message ? [`${message.type} ${message.channel} ${message.reason}`] : [],
    );
    expect(ended.sort()).toEqual(['left a:1 permission', 'unsubscribed a:1 permission', 'unwatched a:1 permission']);
    expect(await voice.ask({ type: 'publish', channel: 'b', data: 1 })).toMatchObject({
      error: { name: 'permission_denied' },
    });
    await voice.result({ type: 'subscribe', channel: 'c' });
    await voice.result({ type: 'unsubscribe', channel: 'b' });
  });

  it('end what has no rule any more', async () => {
    const world = await createWorld({ channels: { a: { allow: { '*': 'users' } } } });
    const { voice } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    await voice.result({ type: 'subscribe', channel: 'a' });
    await world.gateway.reload(rules({ b: { allow: { '*': 'users' } } }));
    await world.idle();
    expect(voice.heard).toContainEqual({ type: 'unsubscribed', channel: 'a', reason: 'permission' });
    expect(await voice.ask({ type: 'subscribe', channel: 'a' })).toMatchObject({ error: { name: 'channel_unknown' } });
  });
});

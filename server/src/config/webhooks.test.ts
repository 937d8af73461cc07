import { describe, expect, it } from 'vitest';
import { describeConfig } from './describe.ts';
import { ConfigError, type ConfigInput, parseConfig } from './schema.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const BASE = { keys: [{ secret: '0123456789abcdef0123456789abcdef' }] };
const CRM = { url: 'https://crm.example.com/events?token=abc', events: ['user.online'], keys: [{ key: KEY }] } as const;

const parse = (webhook: unknown, name = 'crm') =>
  parseConfig({ ...BASE, webhooks: { [name]: webhook } } as unknown as ConfigInput, { env: {} });

function problemsOf(webhook: unknown, name?: string): string {
  try {
    parse(webhook, name);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
  return '';
}

describe('webhooks', () => {
  it('have defaults', () => {
    expect(parse(CRM).webhooks).toMatchObject([
      {
        ...{ name: 'crm', url: CRM.url, events: ['user.online'], debounce: 5000, timeout: 10_000, batch: 100 },
        channels: [{ source: '**' }],
        keep: { count: 100_000, age: 3 * 86_400_000 },
        keys: [{ kind: 'hmac' }],
      },
    ]);
  });

  it('may name all events of a kind, each once', () => {
    const events = ['user.*', 'user.online', 'group.dead'];
    expect(parse({ ...CRM, events }).webhooks[0]?.events).toEqual(['user.online', 'user.offline', 'group.dead']);
  });

  it('have patterns that a channel can match', () => {
    expect(problemsOf({ ...CRM, channels: ['order:**'] })).toBe(
      'webhooks.crm.channels: "order:**" matches no channel of a rule. Correct the pattern, or add a rule for these channels',
    );
  });

  it.each([
    ['no object', 5, /^webhooks\.crm: must be an object\. Example/],
    ['no URL', { ...CRM, url: undefined }, /url: must be a URL\. Example/],
    ['no key', { ...CRM, keys: [] }, /keys: is empty\. Example/],
    ['no event', { ...CRM, events: [] }, /events: is empty\. Choose from/],
    [
      'an unknown event',
      { ...CRM, events: ['user.onlin'] },
      /"user\.onlin" is not an event\. Did you mean "user\.online"/,
    ],
    ['an unknown kind', { ...CRM, events: ['order.*'] }, /"order\.\*" is not an event/],
    ['an invalid filter', { ...CRM, where: { tag: 1 } }, /where: .*See docs\/routing\.md/],
    ['an unknown option', { ...CRM, retries: 1 }, /retries: is not an option/],
    ['too few kept events', { ...CRM, keep: { count: 1 } }, /keep\.count: must be a whole number/],
  ])('refuse %s, with the place and what to do', (_, webhook, problem) => {
    expect(problemsOf(webhook)).toMatch(problem);
  });

  it.each([
    ['crm_2-a', ''],
    ['a b', 'webhooks["a b"]: is not a name. Use 1 to 64 letters, digits, "_" and "-"'],
    ['x'.repeat(65), `webhooks.${'x'.repeat(65)}: is not a name. Use 1 to 64 letters, digits, "_" and "-"`],
  ])('have names: %s', (name, problem) => {
    expect(problemsOf(CRM, name)).toBe(problem);
  });

  it('are described without keys and queries', () => {
    const { webhooks } = describeConfig(parse({ ...CRM, where: { event: 'paid' } }));
    expect(webhooks).toMatchObject({
      crm: { url: 'https://crm.example.com/events?(hidden)', keys: ['(hmac)'], batch: 100 },
    });
    expect(JSON.stringify(webhooks)).not.toMatch(/whsec|abc/);
  });
});

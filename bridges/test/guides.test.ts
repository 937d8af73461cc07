import { readdirSync } from 'node:fs';
import { parseConfig } from '@sluice/server/cli-support';
import { expect, it } from 'vitest';
import { guideBridges, guideText } from './support/guide.ts';

const guides = readdirSync(new URL('../../docs/bridges', import.meta.url)).map((file) => file.replace('.md', ''));

/** By the end of the variable's name. */
const URLS = [
  ['DATABASE_URL', 'postgres://host:5432/shop'],
  ['REDIS_URL', 'redis://host:6379'],
  ['URL', 'amqp://host:5672'],
] as const;
/** Any variable that a guide names. */
const env = new Proxy<Record<string, string | undefined>>(
  {},
  { get: (_, name) => URLS.find(([end]) => String(name).endsWith(end))?.[1] ?? 'k'.repeat(40) },
);

/** Files of certificates must exist. */
const withFile = (bridge: object): object =>
  JSON.parse(JSON.stringify(bridge).replaceAll(/"\/etc\/sluice\/[^"]+"/g, JSON.stringify(import.meta.filename)));

it.each([...guides, '../bridges'])('the bridges of docs/bridges/%s.md are valid', (guide) => {
  const bridges = guideBridges(guide).map(withFile);
  expect(bridges.length).toBeGreaterThan(0);
  for (const bridge of bridges) {
    const config = { anonymous: true, channels: { '**': { history: true } }, bridges: { b: bridge } };
    const check = () => parseConfig(config as Parameters<typeof parseConfig>[0], { env });
    expect(check, JSON.stringify(bridge)).not.toThrow();
  }
});

it.each(guides)('docs/bridges/%s.md promises nothing that the memory engine does not keep', (guide) => {
  const text = guideText(guide);
  const promise = text.search(/\| loss \|/);
  const engines = text.indexOf('These hold with the [durable or the Redis engine](../engines/README.md).');
  expect(promise === -1 || (engines !== -1 && engines < promise)).toBe(true);
});

import { randomUUID } from 'node:crypto';
import { runCurl } from './support/curl.ts';
import { expect, test } from './support/test.ts';

test('the curl line on the page sends a notification', async ({ arrive }) => {
  const name = `nora-${randomUUID().slice(0, 8)}`;
  const nora = await arrive(name);
  const other = await arrive('oscar');
  await expect(nora.bellCount).toHaveCount(0);

  const line = await nora.curlLine();
  expect(line).toContain(`user:${name}`);
  const answer = JSON.parse(await runCurl(line)) as { offset: number };
  expect(answer.offset).toBe(1);

  await expect(nora.bellCount).toHaveText('1');
  await expect(nora.page.getByTestId('toast')).toContainText('Build finished');
  await runCurl(line);
  await expect(nora.bellCount).toHaveText('2');

  await nora.openBell();
  await expect(nora.notifications).toHaveCount(2);
  await expect(nora.notifications.first()).toContainText('Build finished');
  await expect(nora.bellCount).toHaveCount(0);
  await expect(other.bellCount).toHaveCount(0);
});

test('notifications that arrived while the page was closed are shown when it opens', async ({ arrive, gateway }) => {
  const name = `nora-${randomUUID().slice(0, 8)}`;
  for (const title of ['First', 'Second']) await gateway.publish(`user:${name}`, { title });

  const nora = await arrive(name);
  await expect(nora.bellCount).toHaveText('2');
  await nora.openBell();
  await expect(nora.notifications.locator('strong')).toHaveText([/^Second/, /^First/]);
});

test('a long notification is truncated, and can be expanded', async ({ arrive, gateway }) => {
  const nora = await arrive('nora-long');
  const title = 'endless '.repeat(250).trim();
  await gateway.publish('user:nora-long', { title, body: 'word'.repeat(500) });
  await gateway.publish('user:nora-long', { title: 'Short' });
  await expect(nora.page.getByTestId('toast')).toHaveCount(2);
  for (const toast of await nora.page.getByTestId('toast').all())
    expect((await toast.boundingBox())?.height).toBeLessThan(150);

  await nora.openBell();
  const [short, long] = [nora.notifications.first(), nora.notifications.last()];
  await expect(short.getByRole('button')).toHaveCount(0);
  const all = long.getByRole('button', { name: 'Show all' });
  await expect(all).toHaveAttribute('aria-expanded', 'false');
  expect((await long.boundingBox())?.height).toBeLessThan(200);
  await expect(nora.page.getByTestId('copy-curl')).toBeInViewport();

  await all.click();
  await expect.poll(async () => (await long.boundingBox())?.height).toBeGreaterThan(500);
  await expect(nora.page.getByTestId('copy-curl')).toBeInViewport();
  await long.getByRole('button', { name: 'Show less' }).click();
  await expect.poll(async () => (await long.boundingBox())?.height).toBeLessThan(200);
});

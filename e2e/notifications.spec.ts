import { randomUUID } from 'node:crypto';
import { runCurl } from './support/curl.ts';
import { expect, test } from './support/test.ts';

test('the curl line that the page offers rings the bell', async ({ arrive }) => {
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

test('notifications that came while the page was closed are there when it opens', async ({ arrive, gateway }) => {
  const name = `nora-${randomUUID().slice(0, 8)}`;
  for (const title of ['First', 'Second']) await gateway.publish(`user:${name}`, { title });

  const nora = await arrive(name);
  await expect(nora.bellCount).toHaveText('2');
  await nora.openBell();
  await expect(nora.notifications.locator('strong')).toHaveText([/^Second/, /^First/]);
});

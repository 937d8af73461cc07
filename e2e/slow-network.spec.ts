import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import type { CommandLineGateway } from './support/command-line-gateway.ts';
import { type NetworkConditions, setNetworkConditions } from './support/network-conditions.ts';
import { test as base, expect } from './support/test.ts';

/*
 * Chromium's own throttling, as in its developer tools. It also applies to WebSockets: the browser reads
 * so slowly that the buffers fill up to the gateway. Each test verifies this: before it removes the
 * throttling, most of the messages are missing.
 */
const NARROW: NetworkConditions = { bytesPerSecond: 30 * 1024, latency: 300 };
const WIDE: NetworkConditions = { bytesPerSecond: 1024 * 1024, latency: 50 };

/** Makes messages so large that a few thousand exceed the buffers of the operating system. */
const PADDING = 'x'.repeat(2000);

/** What the page has received. */
interface Record {
  readonly numbers: number[];
  readonly states: string[];
  readonly gaps: number;
}

const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<title>Numbers</title>
<p>Connection: <output id="connection"></output></p>
<p>Subscription: <output id="subscription"></output></p>
<script type="module">
  import { createClient } from './sdk.js';
  const client = createClient({
    url: location.origin.replace('http', 'ws') + '/ws',
    token: async () => (await (await fetch('/dev/token?sub=plain')).json()).token,
  });
  window.record = { numbers: [], states: [], gaps: 0 };
  const show = (id, state) => {
    document.querySelector(id).textContent = state;
    record.states.push(state);
  };
  client.on('state', ({ state }) => show('#connection', state));
  client.channel('numbers:all').subscribe((message) => record.numbers.push(message.data.number), {
    onState: (state) => show('#subscription', state),
    onGap: () => record.gaps++,
  });
</script>`;

// The whole log is kept, so that a slow reader can read everything again.
const CONFIG = `
channels:
  "numbers:{name}":
    allow: { subscribe: users, history: users }
    history: { count: 10000 }
limits: { outbound: 64KiB }
`;

const test = base.extend<{ numbers: CommandLineGateway }>({
  numbers: async ({ startCommandLine }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-numbers-'));
    const sdk = fileURLToPath(new URL('../client-sdk/dist/index.js', import.meta.url));
    await mkdir(join(folder, 'page'));
    await copyFile(sdk, join(folder, 'page', 'sdk.js'));
    await writeFile(join(folder, 'page', 'index.html'), PAGE);
    await writeFile(join(folder, 'sluice.yaml'), CONFIG);
    await use(await startCommandLine({ folder: join(folder, 'page'), config: join(folder, 'sluice.yaml') }));
    await rm(folder, { recursive: true });
  },
});

/** The numbers to publish. */
interface NumberRange {
  readonly from: number;
  readonly to: number;
}

async function publish(gateway: CommandLineGateway, { from, to }: NumberRange): Promise<void> {
  for (let number = from; number <= to; number++) {
    await gateway.publish({ channel: 'numbers:all', data: { number, padding: PADDING } });
  }
}

/**
 * Publishes by hundreds until the buffers are full and the gateway switches to replay. How many messages
 * this takes depends on the operating system.
 *
 * @returns the last published number
 */
async function overflow(
  gateway: CommandLineGateway,
  most: number,
  send: (stretch: NumberRange) => Promise<void>,
): Promise<number> {
  for (let last = 100; last <= most; last += 100) {
    await send({ from: last - 99, to: last });
    if ((await gateway.metric('sluice_overflows_total')) > 0) return last;
  }
  throw new Error(`${most} messages are not enough to fill the buffers`);
}

const readRecord = (page: Page) => page.evaluate<Record>('record');
const received = (page: Page) => page.evaluate<number>('record.numbers.length');
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('a slow network loses no message: the page catches up in order', async ({ numbers, newPage }) => {
  const { page, errors } = await newPage();
  await page.goto(numbers.url);
  await expect(page.locator('#subscription')).toHaveText('live');

  await setNetworkConditions(page, NARROW);
  const full = await overflow(numbers, 8000, (stretch) => publish(numbers, stretch));
  await publish(numbers, { from: full + 1, to: full + 1500 });
  await expect.poll(() => received(page)).toBeGreaterThan(20);
  expect(await received(page)).toBeLessThan(full / 2);

  await setNetworkConditions(page, WIDE);
  await expect(page.locator('#subscription')).toHaveText('catching-up');
  await publish(numbers, { from: full + 1501, to: full + 1600 });
  await expect(page.locator('#subscription')).toHaveText('live');
  await expect.poll(() => received(page)).toBe(full + 1600);

  const { numbers: all, states, gaps } = await readRecord(page);
  expect(all).toEqual(upTo(full + 1600));
  expect(gaps).toBe(0);
  // It neither lost its connection nor reported a gap: the gateway replayed from the log.
  expect(states.filter((state) => state === 'connected')).toHaveLength(1);
  expect(errors).toEqual([]);
});

test('a slow network that fails loses no message either', async ({ numbers, newPage }) => {
  test.slow();
  const { page } = await newPage();
  await page.goto(numbers.url);
  await expect(page.locator('#subscription')).toHaveText('live');

  await setNetworkConditions(page, NARROW);
  await publish(numbers, { from: 1, to: 2500 });
  await expect.poll(() => received(page)).toBeGreaterThan(20);
  await setNetworkConditions(page, 'cut');
  // At once, or at the missed heartbeat if bytes in transit still arrived.
  await expect(page.locator('#connection')).toHaveText('waiting');
  const before = await received(page);
  expect(before).toBeLessThan(1000);
  await publish(numbers, { from: 2501, to: 3000 });
  expect(await received(page)).toBe(before);

  await setNetworkConditions(page, WIDE);
  await expect(page.locator('#subscription')).toHaveText('live');
  await publish(numbers, { from: 3001, to: 3010 });
  await expect.poll(() => received(page)).toBe(3010);

  const { numbers: all, states, gaps } = await readRecord(page);
  expect(all).toEqual(upTo(3010));
  expect(gaps).toBe(0);
  expect(states).toContain('catching-up');
});

test('the chat shows that it is catching up, and then shows everything', async ({
  startCommandLine,
  newPage,
  room,
}) => {
  const gateway = await startCommandLine({ env: { SLUICE_LIMITS_OUTBOUND: '64KiB' } });
  const ada = await newPage();
  await ada.open({ url: gateway.url, room, name: 'ada' });
  await ada.isLive();
  await expect(ada.roomBadge).toHaveCount(0);

  const send = async ({ from, to }: NumberRange) => {
    for (let number = from; number <= to; number++) {
      const data = { text: `Number ${number}`, padding: PADDING.repeat(4) };
      await gateway.publish({ channel: `chat:${room}`, data });
    }
  };
  await setNetworkConditions(ada.page, NARROW);
  // At most as many in total as the room's log keeps.
  const full = await overflow(gateway, 700, send);
  const count = full + 300;
  await send({ from: full + 1, to: count });
  await expect(ada.message(`Number ${count}`)).toHaveCount(0);

  await setNetworkConditions(ada.page, WIDE);
  await expect(ada.roomBadge).toHaveAttribute('data-state', 'catching-up');
  await expect(ada.roomBadge).toContainText('Catching up');
  await expect(ada.page.locator(`[data-room="${room}"]`).getByTestId('room-catching-up')).toBeVisible();
  await ada.isLive(); // the buffered data takes seconds
  await expect(ada.roomBadge).toHaveCount(0);

  // The page keeps the newest 500. Scrolling up reads the others from the log again.
  const kept = upTo(count).slice(-500);
  await ada.reads(kept.map((number) => `Number ${number}`));
  expect(await ada.offsets()).toEqual(kept);
  await expect(ada.gaps).toHaveCount(0);
  expect(ada.errors).toEqual([]);
});

test('the chat shows that messages are missing, in the room and next to its name', async ({
  arrive,
  gateway,
  faults,
}) => {
  const ada = await arrive('ada', { room: 'design' });
  await gateway.publish('chat:random', { text: 'Before' });
  await expect(ada.page.locator('[data-room="random"]').getByTestId('unread')).toHaveText(/1/);

  const states = await ada.watchRoom();
  await faults.restart();
  await expect(ada.page.locator('[data-room="random"]').getByTestId('room-gap')).toBeVisible();
  await ada.isLive();
  expect(await states()).toContain('gap');

  await ada.enterRoom('random');
  await expect(ada.gaps).toHaveAttribute('data-reason', 'epoch_changed');
  await expect(ada.page.locator('[data-room="random"]').getByTestId('room-gap')).toHaveCount(0);
});

/**
 * A process that uses a data folder as a gateway does: it opens it, reads, publishes, and closes it.
 * durable-damage.test.ts starts it, so that a crash in native code is detected and does not end the
 * tests. It prints its result as JSON. If the folder is unusable, it exits with 1 and an explanation.
 */
import { DurableEngine } from '../../src/engine/durable/durable-engine.ts';
import type { AppendOptions } from '../../src/engine/engine.ts';

const [, , data = '', channels = '20', user = ''] = process.argv;
const options: AppendOptions = { retention: { count: 1_000, age: 3_600_000 }, window: 300_000 };

if (user !== '') process.setuid?.(Number(user)); // an unprivileged user
const engine = new DurableEngine({ data });
const advice: string[] = [];
try {
  await engine.start({ deliver: () => {}, warn: (one) => advice.push(one) });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

const outcome = { advice, read: 0, unreadable: 0, accepted: 0, refused: 0, epochs: [] as string[], trouble: '' };
for (let at = 0; at < Number(channels); at++) {
  const channel = `chat:${at}`;
  try {
    const page = await engine.read(channel, 0, 10_000);
    outcome.read += page.messages.length;
    outcome.epochs.push(page.epoch);
  } catch {
    outcome.unreadable++;
  }
  const appended = Array.from({ length: 5 }, (_, n) =>
    engine.append(
      channel,
      { id: `${at}-${n}`, time: Date.now(), data: 'x'.repeat(n * 900) },
      { ...options, key: `${at}-${n}` },
    ),
  );
  for (const { status } of await Promise.allSettled(appended))
    outcome[status === 'fulfilled' ? 'accepted' : 'refused']++;
}
outcome.trouble = engine.trouble ?? '';
await engine.close();
process.stdout.write(JSON.stringify(outcome));

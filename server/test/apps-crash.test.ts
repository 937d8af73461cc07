import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppName } from './support/app-configs.ts';
import { callApp } from './support/app-gateways.ts';
import { bundle, type Program } from './support/bundle.ts';
import { folder } from './support/durable-world.ts';

const NAMES: readonly AppName[] = ['main', 'shop', 'blog'];

let program: Program;
const children: ChildProcess[] = [];

beforeAll(async () => {
  program = await bundle('apps-program.ts');
  return () => program.remove();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function run(data: string): Promise<{ port: number; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, [program.path, data], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const kill = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { port: Number(line), kill };
}

describe('a killed gateway with several apps on the durable engine', () => {
  it('has what each app acknowledged, in the logs of that app, and refuses repeats', async () => {
    const data = folder();
    const first = await run(data);
    const publish = async (at: { port: number }, app: AppName, n: number) => {
      const body = { channel: 'chat:a', data: `${app} ${n}`, key: `k${n}` };
      return (await callApp(at, app, '/api/v1/publish', { body })).json;
    };
    const acknowledged = new Map<AppName, unknown[]>();
    for (const [at, app] of NAMES.entries()) {
      const count = 3 + at;
      const results = await Promise.all(Array.from({ length: count }, (_, n) => publish(first, app, n)));
      acknowledged.set(app, results);
    }
    expect((await callApp(first, 'shop', '/api/v1/revocations', { body: { user: 'eve' } })).status).toBe(200);
    await first.kill();

    const second = await run(data);
    for (const [at, app] of NAMES.entries()) {
      const { json } = await callApp(second, app, '/api/v1/channels/chat:a/messages');
      const texts = json.messages.map(({ data: text }: { data: string }) => text);
      expect(texts.sort()).toEqual(Array.from({ length: 3 + at }, (_, n) => `${app} ${n}`));
      expect(await publish(second, app, 0)).toEqual(acknowledged.get(app)?.[0]);
      const { revocations } = (await callApp(second, app, '/api/v1/revocations')).json;
      expect(revocations).toHaveLength(app === 'shop' ? 1 : 0);
    }
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ConfigInput } from '@sluice/server';
import { afterAll, onTestFinished } from 'vitest';
import { bundle, type Program } from '../../../server/test/support/bundle.ts';
import { GATEWAY } from './bridge-gateway.ts';
import type { StallEvent, StallTask } from './stalling-gateway.ts';

let program: Promise<Program> | undefined;

afterAll(async () => (await program)?.remove());

/**
 * Runs a gateway in a process of its own until its bridge has brought a message over, and kills the
 * process before the bridge acknowledges it.
 *
 * @param meanwhile runs once the gateway has started
 */
export async function runAndKillGateway(
  { config, ...task }: StallTask,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  program ??= bundle(new URL('stalling-gateway.ts', import.meta.url));
  const { path } = await program;
  const whole: StallTask = { ...task, config: { ...GATEWAY, ...config } as ConfigInput };
  const child = spawn(process.execPath, [path, JSON.stringify(whole)], { stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as StallEvent;
    if ('started' in event) await meanwhile();
    else child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error(`the gateway ended before the bridge had the message:\n${errors}`);
}

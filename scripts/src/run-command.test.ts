import { describe, expect, it } from 'vitest';
import { type RunOptions, runCommand } from './run-command.mjs';

/** Runs a Node program and returns its output. */
async function run(program: string, options: Pick<RunOptions, 'watch'> = {}) {
  let text = '';
  const reported: unknown[] = [];
  const ok = await runCommand(process.execPath, ['-e', program], {
    ...options,
    write: (piece: string) => {
      text += piece;
    },
    onProgress: (progress: unknown) => reported.push(progress),
  });
  return { ok, text, reported };
}

describe('runCommand', () => {
  it('passes the output on and reads the exit code', async () => {
    expect(await run('console.log("out"); console.error("err")')).toMatchObject({ ok: true });
    expect((await run('console.log("out")')).text).toBe('out\n');
    expect((await run('console.error("err")')).text).toBe('err\n');
    expect((await run('process.exit(3)')).ok).toBe(false);
  });

  it('reports a command that could not be started', async () => {
    let text = '';
    const write = (piece: string) => {
      text += piece;
    };
    expect(await runCommand('/nowhere/at-all', [], { write })).toBe(false);
    expect(text).toContain('/nowhere/at-all could not be started');
  });

  it('stops a command that hangs, with its children, and names the files that it was working on', async () => {
    const hang = `
      const { spawn } = require('node:child_process');
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      process.send({ done: 3, total: 4, running: ['a.test.ts'] });
      setInterval(() => {}, 1000);`;
    // It ends only if the child, which has the same output open, was stopped too.
    const { ok, text, reported } = await run(hang, {
      watch: (_, onHang) => ({ feed: (running = []) => onHang(running), end: () => {} }),
    });
    expect(ok).toBe(false);
    expect(text).toContain('stopped after 10 minutes without progress; still running:\n  a.test.ts\n');
    expect(reported).toEqual([{ done: 3, total: 4, running: ['a.test.ts'] }]);
  });

  it('treats output and reports as progress', async () => {
    const fed: (readonly string[] | undefined)[] = [];
    const program = `process.stdout.write('.'); process.send({ done: 0, total: 1, running: ['b.test.ts'] });`;
    let ended = 0;
    await run(program, { watch: () => ({ feed: (running) => fed.push(running), end: () => ended++ }) });
    expect(fed).toContainEqual(['b.test.ts']);
    expect(fed).toContainEqual(undefined);
    expect(ended).toBe(1);
  });
});

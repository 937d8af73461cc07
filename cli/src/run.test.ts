import { describe, expect, it } from 'vitest';
import { TestShell } from '../test/test-shell.ts';
import { run } from './run.ts';

async function outcome(...args: string[]) {
  const shell = new TestShell();
  const code = await run(args, shell);
  return { code, out: shell.lines.join('\n'), err: shell.errors.join('\n') };
}

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await outcome('--version')).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/), err: '' });
  });

  it.each(['serve', 'check', 'token', 'publish', 'subscribe', 'durable'])(
    'explains %s with examples',
    async (command) => {
      const { code, out } = await outcome(command, '--help');
      expect(code).toBe(0);
      expect(out).toContain(`Usage: sluice ${command}`);
      expect(out).toMatch(/Examples:\n {2}\$ .*sluice /);
      expect((await outcome('--help')).out).toContain(`sluice ${command}`);
    },
  );

  it.each(['serve', 'check', 'explain'])('explains the flags of %s without Markdown', async (command) => {
    const { out } = await outcome(command, '--help');
    expect(out).not.toMatch(/`|\]\(/);
    expect(out).toContain('--config <file>');
  });

  it('explains only flags of "explain" that matter to it, and accepts the others', async () => {
    expect((await outcome('explain', '--help')).out).not.toMatch(/--port|--redis|--drain/);
    expect((await outcome('explain', 'subscribe', 'a', '--port', '1')).err).not.toContain('unknown option');
  });

  it.each<[string[], string]>([
    [[], 'Usage: sluice'],
    [['srve'], "unknown command 'srve'"],
    [['serve', '--prot', '1'], "unknown option '--prot'"],
    [['token'], "required option '--sub <user>' not specified"],
    [['token', '--sub', 'a', '--expires', 'soon'], 'Write a duration, like 30s'],
    [['token', '--sub', ''], '--sub must be a non-empty string'],
    [['token', '--sub', 'a\u0007'], '--sub holds a control character'],
    [['token', '--sub', 'a', '--cap', 'chat:*'], 'Write pattern=verbs'],
    [['token', '--sub', 'a', '--claim', 'role'], 'Write name=value'],
    [['token', '--sub', 'a', '--algorithm', 'RS256'], 'Allowed choices are HS256'],
    [['publish', 'chat:a'], "missing required argument 'json'"],
    [['publish', 'chat:a', '1', '--url', 'localhost'], 'Write a URL'],
    [['durable'], 'Usage: sluice durable'],
    [['durable', 'mend'], "unknown command 'mend'"],
    [['durable', 'check'], "required option '--data <folder>' not specified"],
    [['durable', 'salvage', '--data', 'a'], "required option '--into <folder>' not specified"],
    [['subscribe'], "missing required argument 'channels'"],
    [['subscribe', 'a', '--rewind', '-1'], 'Write a whole number'],
  ])('exits with 2 if it is wrong: %j', async (args, message) => {
    const { code, out, err } = await outcome(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
  });
});

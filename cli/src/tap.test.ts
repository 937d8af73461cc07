import { describe, expect, it } from 'vitest';
import { TestShell } from '../test/test-shell.ts';
import { run } from './run.ts';

const LINES = [
  {
    time: 1_790_000_000_000,
    node: 'one',
    type: 'command',
    user: 'ada',
    connection: 'c1',
    channel: 'a',
    command: 'ping',
  },
  { type: 'end', entries: 1 },
];

/** A gateway that answers with these pieces of text. */
function gateway(pieces: readonly string[], status = 200) {
  const asked: string[] = [];
  const fetch = async (input: unknown): Promise<Response> => {
    asked.push(decodeURIComponent(String(input)));
    return new Response(new Blob([...pieces]).stream(), { status });
  };
  const shell = new TestShell({ env: { SLUICE_API_KEY: 'key' }, fetch: fetch as typeof globalThis.fetch });
  return { shell, asked };
}

const TEXT = `\n${LINES.map((line) => `${JSON.stringify(line)}\n`).join('\n')}`;

describe('sluice tap', () => {
  it('prints a line per entry', async () => {
    const { shell, asked } = gateway([TEXT.slice(0, 40), TEXT.slice(40)]);
    expect(await run(['tap', '--user', 'ada', '--seconds', '5'], shell)).toBe(0);
    expect(asked).toEqual(['http://localhost:8080/api/v1/tap?user=ada&seconds=5']);
    expect(shell.lines).toEqual(
      ['14:13:20.000 one command ada c1 a command=ping', ' end entries=1'].map((line) => line.trim()),
    );
  });

  it('prints JSON, and asks for payloads', async () => {
    const { shell, asked } = gateway([TEXT]);
    expect(await run(['tap', '--channel', 'chat:lobby', '--payloads', '--json'], shell)).toBe(0);
    expect(asked).toEqual(['http://localhost:8080/api/v1/tap?channel=chat:lobby&seconds=60&payloads=true']);
    expect(shell.lines.map((line) => JSON.parse(line))).toEqual(LINES);
  });

  it.each([[[]], [['--json']]])('does nothing to a terminal, whatever users wrote: %j', async (args) => {
    const hostile = '\u001b]0;title\u0007\u009b2J\u007f\r\nline';
    const entry = { type: hostile, user: hostile, channel: hostile, reason: hostile, data: { text: hostile } };
    const { shell } = gateway([`${JSON.stringify(entry)}\n`]);
    expect(await run(['tap', '--user', 'ada', ...args], shell)).toBe(0);
    expect(shell.lines).toHaveLength(1);
    expect(shell.lines[0]).not.toMatch(/\p{Cc}/u);
    if (args.length > 0) expect(JSON.parse(shell.lines[0] ?? '')).toEqual(entry);
  });

  it.each([[['tap']], [['tap', '--user', 'a', '--channel', 'b']]])('refuses %j', async (args) => {
    const { shell } = gateway([]);
    expect(await run(args, shell)).toBe(2);
    expect(shell.errors).toEqual(['sluice: give --user or --channel, and not both']);
  });

  it('reports what the gateway refuses', async () => {
    const error = { name: 'permission_denied', message: 'not allowed' };
    const { shell } = gateway([JSON.stringify({ error })], 403);
    expect(await run(['tap', '--user', 'a'], shell)).toBe(1);
    expect(shell.errors).toEqual(['sluice: not allowed (permission_denied)']);
  });
});

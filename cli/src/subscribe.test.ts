import type { Channel, Client, ClientOptions, Gap, Message, StateChange, SubscribeOptions } from '@sluice/client';
import { describe, expect, it } from 'vitest';
import { TestShell, type World } from '../test/test-shell.ts';
import { run } from './run.ts';
import type { Shell } from './shell.ts';
import { formatGap, formatMessage } from './subscribe.ts';

const MESSAGE: Message = { id: 'm1', channel: 'chat:a', offset: 7, epoch: 'e', time: 1, data: { x: 1 } };
const GAP: Gap = {
  channel: 'chat:a',
  from: { epoch: 'e', offset: 3 },
  to: { epoch: 'e', offset: 6 },
  reason: 'retention',
  lost: 3,
};

/** Sets the title of a terminal, clears it, and begins a line. */
const HOSTILE = '\u001b]0;title\u0007\u009b2J\u007f\r\nline';

interface Subscribed {
  readonly name: string;
  readonly onMessage: (message: Message) => void;
  readonly options: SubscribeOptions;
}

/** A client that the test controls. */
class TestClient {
  options: ClientOptions | undefined;
  readonly subscribed: Subscribed[] = [];
  closed = false;
  changeState: (change: StateChange) => void = () => undefined;
  #ready = (): void => undefined;
  /** Resolves when this many channels have been subscribed to. */
  readonly ready: Promise<void>;

  constructor(expected: number) {
    this.ready = new Promise((resolve) => {
      this.#ready = () => {
        if (this.subscribed.length === expected) resolve();
      };
    });
  }

  load: Shell['loadClient'] = async () => ({
    createClient: (options: ClientOptions) => {
      this.options = options;
      const client = {
        on: (_: string, handler: (change: StateChange) => void) => {
          this.changeState = handler;
          return () => undefined;
        },
        channel: (name: string) => this.#channel(name),
        close: () => {
          this.closed = true;
        },
      };
      return client as unknown as Client;
    },
  });

  #channel<T>(name: string): Channel<T> {
    const subscribe = (onMessage: (message: Message) => void, options: SubscribeOptions) => {
      this.subscribed.push({ name, onMessage, options });
      this.#ready();
    };
    return { name, subscribe } as unknown as Channel<T>;
  }
}

async function start(args: readonly string[], { names = ['chat:a'], ...world }: World & { names?: string[] } = {}) {
  const client = new TestClient(names.length);
  const shell = new TestShell({ env: { SLUICE_TOKEN: 'a.b.c' }, loadClient: client.load, ...world });
  const done = run(['subscribe', ...names, ...args], shell);
  await Promise.race([client.ready, done]);
  return { client, shell, done };
}

const refusal = (name: string) => Object.assign(new Error('No.'), { name, code: 1, retryable: false });

describe('sluice subscribe', () => {
  it('prints messages to standard output, gaps and states to standard error', async () => {
    const { client, shell, done } = await start(['--rewind', '5']);
    const [subscribed] = client.subscribed;
    expect(subscribed?.options.rewind).toBe(5);
    client.changeState({ state: 'connected' });
    subscribed?.options.onState?.('live');
    subscribed?.options.onGap?.(GAP);
    subscribed?.onMessage(MESSAGE);
    expect(shell.lines).toEqual([formatMessage(MESSAGE)]);
    expect(shell.errors).toEqual(['connection: connected', 'chat:a: live', formatGap(GAP)]);
    shell.signal();
    expect(await done).toBe(0);
    expect(client.closed).toBe(true);
    expect(shell.listening).toBe(false);
  });

  it('prints JSON on request', async () => {
    const { client, shell, done } = await start(['--json']);
    client.subscribed[0]?.onMessage(MESSAGE);
    client.subscribed[0]?.options.onGap?.(GAP);
    expect(shell.lines.map((line) => JSON.parse(line))).toEqual([MESSAGE]);
    expect(shell.errors.map((line) => JSON.parse(line))).toEqual([{ gap: GAP }]);
    shell.signal();
    await done;
  });

  it.each([[[]], [['--json']]])('does nothing to a terminal, whatever users wrote: %j', async (args) => {
    const { client, shell, done } = await start(args);
    const [subscribed] = client.subscribed;
    const message = { ...MESSAGE, from: HOSTILE, event: HOSTILE, data: { text: HOSTILE }, tags: { tag: HOSTILE } };
    subscribed?.onMessage(message);
    subscribed?.options.onGap?.({ ...GAP, channel: HOSTILE });
    subscribed?.options.onError?.(
      Object.assign(refusal('unavailable'), { message: HOSTILE, retryable: true }) as never,
    );
    shell.signal();
    await done;
    const printed = [...shell.lines, ...shell.errors];
    expect(printed).toHaveLength(3);
    for (const line of printed) expect(line).not.toMatch(/\p{Cc}/u);
    if (args.length > 0) expect(JSON.parse(shell.lines[0] ?? '')).toEqual(message);
  });

  it('exits when no subscription is left', async () => {
    const { client, shell, done } = await start([], { names: ['a', 'b'] });
    client.subscribed[0]?.options.onError?.(refusal('permission_denied') as never);
    client.subscribed[1]?.options.onError?.(refusal('permission_denied') as never);
    expect(await done).toBe(1);
    expect(shell.errors).toEqual([
      'a: No. (permission_denied)',
      'b: No. (permission_denied)',
      'sluice: no subscription is left',
    ]);
  });

  it('exits when the connection is refused permanently', async () => {
    const { client, shell, done } = await start([]);
    client.changeState({ state: 'closed', error: refusal('token_signature') as never });
    expect(await done).toBe(1);
    expect(shell.errors.at(-1)).toBe('sluice: No. (token_signature)');
  });

  it('fetches a new token from a development gateway on this machine each time', async () => {
    let count = 0;
    const fetch: World['fetch'] = async () => {
      count += 1;
      return Response.json({ token: `token-${count}` });
    };
    const { client, shell, done } = await start([], { env: {}, fetch });
    const token = client.options?.token;
    expect(typeof token === 'function' && (await token({ reason: 'connect' }))).toBe('token-2');
    expect(String(client.options?.url)).toBe('ws://localhost:8080/ws');
    shell.signal();
    await done;
  });

  it('is anonymous if the gateway issues no tokens', async () => {
    const fetch: World['fetch'] = async () => new Response('', { status: 404 });
    for (const url of ['http://localhost:8080', 'wss://a.test']) {
      const { client, shell, done } = await start(['--url', url], { env: {}, fetch });
      expect(client.options?.token).toBeUndefined();
      shell.signal();
      await done;
    }
  });

  it('reports that no gateway answers', async () => {
    const { shell, done } = await start([], { env: {} });
    expect(await done).toBe(1);
    expect(shell.errors).toEqual([
      'sluice: no gateway answers at http://localhost:8080. Start one with: sluice serve --dev',
    ]);
  });
});

describe('a line', () => {
  it.each<[Partial<Message>, string]>([
    [{}, 'chat:a #7 {"x":1}'],
    [{ from: 'ada', event: 'chat' }, 'chat:a #7 <ada> chat {"x":1}'],
  ])('shows a message with %j', (more, line) => {
    expect(formatMessage({ ...MESSAGE, ...more })).toBe(line);
  });

  it('shows a gap', () => {
    expect(formatGap(GAP)).toBe('gap in chat:a: 3 messages lost (retention), next is #7');
    expect(formatGap({ ...GAP, lost: undefined })).toContain('an unknown number of messages lost');
  });
});

import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { GrantFunction } from '../src/index.ts';
import { STEPS } from '../src/session/permission-review.ts';
import { HeldCalls } from './support/held-calls.ts';
import type { CommandInput } from './support/protocol-client.ts';
import { startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

/** A grant function whose decisions stay pending until the test answers them. */
class PendingDecisions {
  readonly asked: string[] = [];
  readonly #waiting: { readonly question: string; settle: (answer: boolean | Error) => void }[] = [];

  readonly grant: GrantFunction = ({ verb, channel, claims }) => {
    const question = `${verb} ${channel}${claims.v === undefined ? '' : ` v${claims.v}`}`;
    this.asked.push(question);
    return new Promise((resolve, reject) => {
      const settle = (answer: boolean | Error) => (answer instanceof Error ? reject(answer) : resolve(answer));
      this.#waiting.push({ question, settle });
    });
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Answers the oldest pending question, or the oldest one with this text. */
  answer(answer: boolean | Error, question?: string): void {
    const at = question === undefined ? 0 : this.#waiting.findIndex((other) => other.question === question);
    const [one] = this.#waiting.splice(at, 1);
    if (one === undefined) throw new Error(`no pending question ${question ?? ''}`);
    one.settle(answer);
  }

  /** Never answers the oldest pending question. */
  abandon(): void {
    this.#waiting.shift();
  }

  answerAll(answer: boolean | Error = true): void {
    while (this.#waiting.length > 0) this.answer(answer);
  }
}

interface Setup {
  readonly world: World;
  readonly decisions: PendingDecisions;
  readonly ada: LoopbackPeer;
  readonly lines: string[];
}

async function start(channels: Record<string, object> = {}): Promise<Setup> {
  const decisions = new PendingDecisions();
  const lines: string[] = [];
  const world = await createWorld(
    {
      channels: { 'doc:{id}': { allow: { '*': decisions.grant }, history: true, presence: { grace: 0 } }, ...channels },
    },
    { log: pino({ level: 'error' }, { write: (line) => void lines.push(line) }) },
  );
  const ada = await world.connect(await mint(world));
  return { world, decisions, ada, lines };
}

const mint = (world: World, claims: Record<string, unknown> = {}) =>
  tokenFor('ada', { claims, clock: () => world.clock.now() });

/** Ids of the answered commands in the order of their answers; errors with their names. */
const answers = ({ client }: LoopbackPeer): (number | string)[] =>
  client.received.flatMap((message): (number | string)[] => {
    if (message.type === 'reply') return [message.id];
    return message.type === 'error' && message.id !== undefined ? [`${message.id} ${message.error.name}`] : [];
  });

const doc = { channel: 'doc:1' } as const;
const COMMANDS: [string, CommandInput][] = [
  ['subscribe', { type: 'subscribe', ...doc }],
  ['publish', { type: 'publish', ...doc, data: 1 }],
  ['history', { type: 'history', ...doc }],
  ['enter', { type: 'enter', ...doc }],
  ['presence', { type: 'watch', ...doc }],
  ['presence', { type: 'members', ...doc }],
];

describe.each(COMMANDS)('an asynchronous grant function for "%s" (%j)', (verb, command) => {
  it('allows the command if its promise resolves with true', async () => {
    const { world, decisions, ada } = await start();
    const answered = ada.client.request(command);
    await world.idle();
    expect(decisions.asked).toEqual([`${verb} doc:1`]);
    decisions.answer(true);
    expect(await answered).toMatchObject({ type: 'reply' });
    expect(decisions.asked).toHaveLength(1);
  });

  it('refuses the command if its promise resolves with false, and names the rule', async () => {
    const { world, decisions, ada } = await start();
    const answered = ada.client.request(command);
    await world.idle();
    decisions.answer(false);
    expect(await answered).toMatchObject({
      error: {
        name: 'permission_denied',
        message: `"${verb}" on "doc:1" is not allowed to user "ada": the rule "doc:{id}" allows it to (a function)`,
      },
    });
  });

  it('causes the error "internal" if its promise rejects, and the cause is logged once', async () => {
    const { world, decisions, ada, lines } = await start();
    for (let time = 0; time < 3; time++) {
      const answered = ada.client.request(command);
      await world.idle();
      decisions.answer(new Error('database away'));
      const { error } = (await answered) as { error: { name: string; message: string } };
      expect(error.name).toBe('internal');
      expect(error.message).not.toContain('database');
    }
    const faults = lines.filter((line) => line.includes('database away'));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`the grant of \\"${verb}\\" in the rule \\"doc:{id}\\"`);
  });

  it('causes the error "unavailable" if it times out, and the timeout is logged', async () => {
    const { world, decisions, ada, lines } = await start();
    const answered = ada.client.request(command);
    await world.idle();
    world.clock.advance(4_999);
    await world.idle();
    expect(answers(ada)).toHaveLength(1); // the connect
    world.clock.advance(1);
    expect(await answered).toMatchObject({
      error: { name: 'unavailable', retryable: true, retryAfter: 1_000, message: expect.stringContaining('5 seconds') },
    });
    expect(lines.filter((line) => line.includes('has not decided within 5 seconds'))).toHaveLength(1);
    decisions.answer(true); // too late: the answer is ignored
    await world.idle();
    expect(world.services.hub.size).toBe(0);
  });

  it('has no effect if the connection closes before the decision', async () => {
    const { world, decisions, ada } = await start({ 'free:{x}': { allow: { '*': 'users' } } });
    ada.client.send(command);
    await world.idle();
    ada.socket.cut();
    await world.idle();
    decisions.answer(true);
    await world.idle();
    const bob = await world.connect(await tokenFor('bob', { clock: () => world.clock.now() }));
    const members = bob.client.request({ type: 'members', ...doc });
    const history = bob.client.request({ type: 'history', ...doc });
    await world.idle();
    decisions.answerAll();
    expect(await members).toMatchObject({ result: { members: [] } });
    expect(await history).toMatchObject({ result: { messages: [] } });
    expect(world.services.registry.size).toBe(1);
  });
});

describe('the order of commands', () => {
  it('is kept per channel, whatever the order of the decisions', async () => {
    const { world, decisions, ada } = await start();
    const ids = ada.client.send(
      { type: 'publish', ...doc, data: 'one' },
      { type: 'publish', ...doc, data: 'two' },
      { type: 'subscribe', ...doc, rewind: 10 },
      { type: 'unsubscribe', ...doc },
      { type: 'publish', ...doc, data: 'three' },
    );
    await world.idle();
    expect(decisions.waiting).toBe(4); // all decisions are requested at once
    decisions.answer(true, 'subscribe doc:1');
    await world.idle();
    expect(answers(ada)).toHaveLength(1);
    decisions.answerAll();
    await world.until(() => answers(ada).length === 6);
    expect(answers(ada).slice(1)).toEqual(ids);
    const history = ada.client.request({ type: 'history', ...doc });
    await world.idle();
    decisions.answerAll();
    expect(await history).toMatchObject({
      result: { messages: [{ data: 'one' }, { data: 'two' }, { data: 'three' }] },
    });
  });

  it('does not delay other channels or commands without a channel', async () => {
    const { world, decisions, ada } = await start({ 'free:{x}': { allow: { '*': 'users' } } });
    const [slow, other, free, ping] = ada.client.send(
      { type: 'publish', ...doc, data: 1 },
      { type: 'publish', channel: 'doc:2', data: 2 },
      { type: 'publish', channel: 'free:x', data: 3 },
      { type: 'ping' },
    );
    await world.idle();
    expect(answers(ada).slice(1)).toEqual([free, ping]);
    decisions.answer(true, 'publish doc:2');
    await world.until(() => answers(ada).length === 4);
    decisions.answerAll();
    await world.until(() => answers(ada).length === 5);
    expect(answers(ada).slice(1)).toEqual([free, ping, other, slow]);
  });

  it('refuses the rest of a series after a publish whose decision timed out', async () => {
    const { world, decisions, ada } = await start();
    const ids = ada.client.send(
      { type: 'publish', ...doc, data: 1, series: 1 },
      { type: 'publish', ...doc, data: 2, series: 1 },
    );
    await world.idle();
    decisions.abandon(); // the first is never answered
    decisions.answer(true);
    world.clock.advance(5_000);
    await world.until(() => answers(ada).length === 3);
    expect(answers(ada).slice(1)).toEqual(ids.map((id) => `${id} unavailable`));
    const history = ada.client.request({ type: 'history', ...doc });
    await world.idle();
    decisions.answerAll();
    expect(await history).toMatchObject({ result: { messages: [] } });
  });

  it('limits the number of waiting commands, and accepts more when it drops', async () => {
    const { world, decisions, ada } = await start();
    const ids = ada.client.send(
      ...Array.from({ length: 1_100 }, () => ({ type: 'publish', ...doc, data: 1 }) as const),
    );
    await world.until(() => decisions.waiting === 1_000);
    await world.until(() => answers(ada).length === 101);
    expect(answers(ada).slice(1)).toEqual(ids.slice(1_000).map((id) => `${id} rate_limited`));
    decisions.answerAll();
    await world.until(() => answers(ada).length === 1_101);
    const [id] = ada.client.send({ type: 'publish', ...doc, data: 1 });
    await world.idle();
    decisions.answerAll();
    await world.until(() => answers(ada).at(-1) === id);
  });

  it('limits the bytes of waiting commands', async () => {
    const { world, decisions, ada } = await start();
    const large = { type: 'publish', ...doc, data: 'x'.repeat(60_000) } as const;
    const ids: number[] = [];
    for (let n = 0; n < 20; n++) ids.push(...ada.client.send(large));
    await world.until(() => decisions.waiting + answers(ada).length === 21);
    expect(decisions.waiting).toBe(17);
    expect(answers(ada).slice(1)).toEqual(ids.slice(17).map((id) => `${id} rate_limited`));
  });
});

describe('a refresh', () => {
  it('decides everything again, and ends what is no longer allowed', async () => {
    const { world, decisions, ada } = await start();
    const open = [
      { type: 'subscribe', ...doc },
      { type: 'watch', ...doc },
      { type: 'enter', ...doc },
      { type: 'subscribe', channel: 'doc:2' },
    ] as const;
    ada.client.send(...open);
    await world.idle();
    decisions.answerAll();
    await world.until(() => answers(ada).length === 5);
    decisions.asked.length = 0;
    const refreshed = ada.client.request({ type: 'refresh', token: await mint(world, { v: 2 }) });
    await world.until(() => decisions.waiting === 4);
    expect([...decisions.asked].sort()).toEqual([
      'enter doc:1 v2',
      'presence doc:1 v2',
      'subscribe doc:1 v2',
      'subscribe doc:2 v2',
    ]);
    decisions.answer(true, 'subscribe doc:2 v2');
    decisions.answer(new Error('away'), 'subscribe doc:1 v2');
    decisions.answerAll(false);
    expect(await refreshed).toMatchObject({ type: 'reply' });
    const ended = ada.client.received.flatMap((message) =>
      'reason' in message ? [`${message.type} ${'channel' in message ? message.channel : ''} ${message.reason}`] : [],
    );
    expect(ended.sort()).toEqual([
      'left doc:1 permission',
      'unsubscribed doc:1 permission',
      'unwatched doc:1 permission',
    ]);
  });

  it('counts only decisions that were made with the new token', async () => {
    const { world, decisions, ada } = await start();
    const [id] = ada.client.send({ type: 'publish', ...doc, data: 1 });
    await world.idle();
    await ada.client.result({ type: 'refresh', token: await mint(world, { v: 2 }) });
    decisions.answer(true, 'publish doc:1');
    await world.until(() => decisions.waiting === 1);
    expect(decisions.asked).toEqual(['publish doc:1', 'publish doc:1 v2']);
    decisions.answer(false);
    await world.until(() => answers(ada).includes(`${id} permission_denied`));
  });
});

describe('a decision that fails because of a bug', () => {
  const mistake = (world: World) => {
    world.services.rules.isNewFault = () => {
      throw new Error('a mistake');
    };
  };
  const faults = (world: World): string[] => {
    const seen: string[] = [];
    world.services.events.on('fault', ({ where }) => seen.push(where));
    return seen;
  };

  it.each(COMMANDS)('refuses "%s" with "internal", and is not requested again: %j', async (_, command) => {
    let asked = 0;
    const allow = { '*': () => (++asked === 1 ? Promise.reject(new Error('away')) : true) };
    const world = await createWorld({ channels: { 'doc:{id}': { allow, history: true } } });
    const ada = await world.connect(await mint(world));
    const seen = faults(world);
    mistake(world);
    expect(await ada.client.request(command)).toMatchObject({ error: { name: 'internal' } });
    expect([asked, seen]).toEqual([1, ['a decision']]);
  });

  it('blocks nothing when it fails synchronously after the token was replaced', async () => {
    const waiting: ((allowed: boolean) => void)[] = [];
    let failing = false;
    const grant = () => {
      if (failing) throw new Error('away');
      return new Promise<boolean>((resolve) => waiting.push(resolve));
    };
    const world = await createWorld({ channels: { 'doc:{id}': { allow: { '*': grant } } } });
    const ada = await world.connect(await mint(world));
    const seen = faults(world);
    const [first, second] = ada.client.send({ type: 'publish', ...doc, data: 1 }, { type: 'publish', ...doc, data: 2 });
    await world.idle();
    await ada.client.result({ type: 'refresh', token: await mint(world, { v: 2 }) });
    failing = true;
    mistake(world);
    for (const settle of waiting) settle(true);
    await world.until(() => answers(ada).length === 4);
    expect(answers(ada).slice(2)).toEqual([`${first} internal`, `${second} internal`]);
    expect(seen).toEqual(['a decision', 'a decision']);
  });

  it('fails only the refresh, however early it fails', async () => {
    let failing = false;
    const allow = { '*': () => (failing ? Promise.reject(new Error('away')) : true) };
    const world = await createWorld({ channels: { 'doc:{id}': { allow } } });
    const ada = await world.connect(await mint(world));
    for (let n = 0; n < 3 * STEPS; n++) await ada.client.result({ type: 'subscribe', channel: `doc:${n}` });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      mistake(world);
      failing = true;
      const refreshed = await ada.client.request({ type: 'refresh', token: await mint(world, { v: 2 }) });
      expect(refreshed).toMatchObject({ error: { name: 'internal' } });
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });
});

describe('rules with declarative grants or synchronous functions', () => {
  it('are decided in the same turn, with one call', async () => {
    const asked: string[] = [];
    const world = await createWorld({
      channels: {
        'doc:{id}': { allow: { '*': ({ verb }) => asked.push(verb) > 0 }, history: true },
      },
    });
    const ada = await world.connect(await mint(world));
    await ada.client.result({ type: 'subscribe', ...doc });
    ada.client.send({ type: 'publish', ...doc, data: 1 }, { type: 'history', ...doc }, { type: 'unsubscribe', ...doc });
    await world.idle();
    expect(answers(ada)).toHaveLength(5);
    expect(asked).toEqual(['subscribe', 'publish', 'history']);
  });

  it('answer "internal" if the function throws', async () => {
    const lines: string[] = [];
    const channels = {
      'doc:{id}': {
        allow: {
          '*': () => {
            throw new Error('a slip');
          },
        },
      },
    };
    const log = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
    const world = await createWorld({ channels }, { log });
    const ada = await world.connect(await mint(world));
    for (const [, command] of COMMANDS) {
      expect(await ada.client.request(command)).toMatchObject({ error: { name: 'internal' } });
    }
    expect(lines.filter((line) => line.includes('a slip'))).toHaveLength(5); // one for each verb
  });
});

describe('an engine that answers after the token was replaced', () => {
  const LATE: [string, CommandInput, string][] = [
    ['subscribe', { type: 'subscribe', ...doc, rewind: 5 }, 'subscribe'],
    ['history', { type: 'history', ...doc }, 'history'],
    ['members', { type: 'members', ...doc }, 'presence'],
    ['watch', { type: 'watch', ...doc }, 'presence'],
  ];

  it.each(LATE)('makes the function decide again before "%s" is answered', async (_, command, verb) => {
    for (const allowed of [true, false]) {
      const { world, decisions, ada } = await start();
      const { engine } = world.assembly;
      const held = new HeldCalls().hold(engine.log, 'read', 'seek').hold(engine.presence, 'list', 'roster');
      const [id] = ada.client.send(command);
      await world.until(() => decisions.waiting === 1);
      decisions.answer(true);
      await world.until(() => held.waiting.length > 0);
      await ada.client.result({ type: 'refresh', token: await mint(world, { v: 2 }) });
      held.release();
      await world.until(() => decisions.waiting === 1);
      expect(decisions.asked).toEqual([`${verb} doc:1`, `${verb} doc:1 v2`]);
      await world.gateway.publish('doc:1', 'meanwhile');
      await world.idle();
      expect(answers(ada)).toHaveLength(2); // connect and refresh
      decisions.answer(allowed);
      await world.until(() => answers(ada).length === 3);
      expect(answers(ada)[2]).toBe(allowed ? id : `${id} permission_denied`);
      await world.idle();
      const reply = ada.client.received.findIndex((message) => 'id' in message && message.id === id);
      const early = ada.client.received
        .slice(0, reply)
        .filter(({ type }) => type === 'messages' || type === 'presence');
      expect(early).toEqual([]);
      expect(ada.client.received.some(({ type }) => type === 'messages')).toBe(allowed && command.type === 'subscribe');
    }
  });
});

describe('the HTTP API', () => {
  const API_KEY = 'an-API-key-that-only-tests-know';

  async function serve(grant: GrantFunction) {
    const lines: string[] = [];
    const gateway = await startGateway(
      {
        channels: {
          'doc:{id}': { allow: { publish: grant, history: 'users' }, history: true },
          'free:{id}': { allow: { publish: 'users' }, history: true },
        },
        apiKeys: [{ name: 'narrow', secret: API_KEY, caps: { 'other:*': ['publish'] } }],
      },
      { log: pino({ level: 'error' }, { write: (line) => void lines.push(line) }) },
    );
    const publish = async (body: unknown) => {
      const headers = { Authorization: `Bearer ${await tokenFor('ada')}` };
      const response = await fetch(`${gateway.url}/api/v1/publish`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, json: (await response.json()) as unknown };
    };
    return { gateway, publish, lines };
  }

  it('waits for the decisions and keeps the order of a batch', async () => {
    const asked: string[] = [];
    const { gateway, publish } = await serve(async ({ channel }) => {
      asked.push(channel);
      for (let turn = 0; turn < (channel === 'doc:1' ? 5 : 1); turn++) await new Promise(setImmediate);
      return channel !== 'doc:3';
    });
    try {
      expect(await publish({ channel: 'doc:1', data: 0 })).toMatchObject({ status: 200, json: { offset: 1 } });
      expect(await publish({ channel: 'doc:3', data: 0 })).toMatchObject({ status: 403 });
      asked.length = 0;
      const channels = ['doc:1', 'free:1', 'doc:2', 'doc:1', 'doc:3', 'doc:1'];
      const batch = await publish(channels.map((channel, at) => ({ channel, data: at })));
      expect(batch.json).toMatchObject([
        { offset: 2 },
        { offset: 1 },
        { offset: 1 },
        { offset: 3 },
        { error: { name: 'permission_denied' } },
        { offset: 4 },
      ]);
      expect(asked).toEqual(['doc:1', 'doc:2', 'doc:3']); // once for each channel
      const { client } = await gateway.connect(await tokenFor('ada'));
      const { messages } = (await client.result({ type: 'history', channel: 'doc:1' })) as {
        messages: { data: number }[];
      };
      expect(messages.map(({ data }) => data)).toEqual([0, 0, 3, 5]);
    } finally {
      await gateway.stop();
    }
  });

  it('answers 500 if the function fails, and logs the cause once', async () => {
    const { gateway, publish, lines } = await serve(() => Promise.reject(new Error('database away')));
    try {
      for (let time = 0; time < 3; time++) {
        expect(await publish({ channel: 'doc:1', data: 1 })).toMatchObject({
          status: 500,
          json: { error: { name: 'internal' } },
        });
      }
      expect(lines.filter((line) => line.includes('database away'))).toHaveLength(1);
    } finally {
      await gateway.stop();
    }
  });
});

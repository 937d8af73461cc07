import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { beforeEach, describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../engine.ts';
import { Commands } from './commands.ts';
import { script } from './script.ts';

class FakeClient extends EventEmitter {
  status = 'ready';
  readonly calls: { command: unknown[]; resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];

  call(...command: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => void this.calls.push({ command, resolve, reject }));
  }

  disconnect(): void {
    this.status = 'end';
  }
}

const MOST = 20_000;
let client: FakeClient;
let commands: Commands;

beforeEach(() => {
  client = new FakeClient();
  commands = new Commands(client as unknown as Redis, { label: 'r', patience: 1_000 });
});

const replyError = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

describe('commands', () => {
  it('wait for Redis up to 20,000; more are refused, until one is answered', async () => {
    const waiting = Array.from({ length: MOST }, () => commands.call('ping'));
    await expect(commands.call('ping')).rejects.toThrow(EngineUnavailable);
    expect(client.calls).toHaveLength(MOST);
    client.calls[0]?.resolve('PONG');
    expect(await waiting[0]).toBe('PONG');
    const next = commands.call('ping');
    for (const { resolve } of client.calls) resolve('PONG');
    expect(await next).toBe('PONG');
    await Promise.all(waiting);
  });

  it('that fail wait no more either', async () => {
    for (let round = 0; round < 3; round++) {
      const waiting = Array.from({ length: MOST / 2 }, () => commands.call('ping'));
      for (const { reject } of client.calls.splice(0)) reject(new Error('Connection is closed.'));
      for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
    }
    await commands.idle();
  });

  it('are idle when all are answered', async () => {
    const order: string[] = [];
    const asked = commands.call('ping').then(() => order.push('answered'));
    const idle = commands.idle().then(() => order.push('idle'));
    await Promise.resolve();
    expect(order).toEqual([]);
    client.calls[0]?.resolve('PONG');
    await Promise.all([asked, idle]);
    expect(order.toSorted()).toEqual(['answered', 'idle']);
  });

  it('send the text of a script where the server does not know it, and only then', async () => {
    const asked = commands.run(script('return 1'), ['k'], ['v']);
    client.calls[0]?.reject(replyError('NOSCRIPT No matching script'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.calls.map(({ command }) => command[0])).toEqual(['evalsha', 'eval']);
    client.calls[1]?.resolve(1);
    expect(await asked).toBe(1);
    const refused = expect(commands.run(script('return 1'), ['k'], ['v'])).rejects.toThrow('it is loading its data');
    client.calls[2]?.reject(replyError('LOADING Redis is loading'));
    await refused;
    expect(client.calls).toHaveLength(3);
  });

  it('report what Redis refuses until it answers again or the connection is replaced', async () => {
    const refuse = async () => {
      const asked = expect(commands.call('ping')).rejects.toThrow(EngineUnavailable);
      client.calls.at(-1)?.reject(replyError('OOM command not allowed'));
      await asked;
      expect(commands.trouble).toContain('its memory is full');
    };
    await refuse();
    const answered = commands.call('ping');
    client.calls.at(-1)?.resolve('PONG');
    await answered;
    expect(commands.trouble).toBeUndefined();
    await refuse();
    client.emit('ready');
    expect(commands.trouble).toBeUndefined();
  });

  it('are refused at once while the server is away, and once closed', async () => {
    client.status = 'reconnecting';
    client.emit('error', Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
    await expect(commands.call('ping')).rejects.toThrow('ECONNREFUSED');
    expect(commands.trouble).toContain('ECONNREFUSED');
    client.status = 'ready';
    commands.close();
    await expect(commands.call('ping')).rejects.toThrow(EngineUnavailable);
    expect(client.calls).toHaveLength(0);
  });
});

import { vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import type { TokenReason } from '../../src/token.ts';
import { FakeGateway, type FakeSocket, turn } from './fake-gateway.ts';

/** How the application answers a request for a token. */
export type Answer = 'ok' | 'fail' | 'empty' | 'hang' | 'same' | 'expired';

const TIMEOUT = 5000;

/**
 * An application that supplies tokens, a gateway that checks them by the true time, and a device
 * with any clock.
 */
export class TokenScenario {
  readonly gateway = new FakeGateway();
  readonly client: Client;
  /** When (in true time) and why tokens were requested. */
  readonly asked: { time: number; reason: TokenReason }[] = [];
  /** The tokens of all `connect` commands. */
  readonly connects: string[] = [];
  /** Tokens among them that the client could know to be expired. */
  readonly expiredConnects: string[] = [];
  /** Requests for a token while another request was pending. */
  overlaps = 0;
  lifetime = 600_000;
  /** While set, the gateway does not answer. */
  silent = false;
  /** @param n the number of the request */
  answers: (n: number) => Answer = () => 'ok';
  #true = 1_700_000_000_000;
  #last = '';
  #open: number | undefined;
  #releases: (() => void)[] = [];
  #expiries = new Map<string, number>();
  #known = new Set<string>();
  #handled = new WeakMap<FakeSocket, number>();
  // A clock that is set back costs the client at most the time since it was last read: a second.
  #lost = 0;

  constructor() {
    this.client = this.gateway.client({ timeout: TIMEOUT, token: ({ reason }) => this.#token(reason) });
  }

  get reasons(): TokenReason[] {
    return this.asked.map(({ reason }) => reason);
  }

  get mostPerMinute(): number {
    return Math.max(
      0,
      ...this.asked.map(
        ({ time }) => this.asked.filter((other) => other.time >= time && other.time < time + 60_000).length,
      ),
    );
  }

  async start(): Promise<Client> {
    void this.client.connect().catch(() => {});
    await this.pass(10);
    return this.client;
  }

  /** Advances true time and the device's clock. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= 500) {
      const step = Math.min(left, 500);
      await vi.advanceTimersByTimeAsync(step);
      this.#true += step;
      await this.#serve();
      if (left === 0) break;
    }
  }

  /** Advances the clocks without firing timers, like a sleeping machine. */
  sleep(ms: number): void {
    this.#true += ms;
    vi.setSystemTime(Date.now() + ms);
  }

  /** Sets the device's clock. */
  setClock(by: number): void {
    if (by < 0) this.#lost += 1000;
    vi.setSystemTime(Date.now() + by);
  }

  /** Answers the requests that hang. */
  release(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  async #serve(): Promise<void> {
    const socket = this.gateway.sockets.at(-1);
    if (!socket || this.silent || socket.closedWith !== undefined) return;
    socket.open();
    const from = this.#handled.get(socket) ?? 0;
    const commands = socket.commands.slice(from);
    this.#handled.set(socket, from + commands.length);
    for (const command of commands) {
      if (command.type === 'connect') this.#connect(socket, command.token ?? '');
      else if (command.type === 'refresh') this.#refresh(socket, command.token);
      else if (command.type === 'subscribe')
        socket.push({ type: 'reply', id: command.id, result: { epoch: 'e', offset: 0, state: 'live' } });
      else if (command.type === 'ping') socket.push({ type: 'reply', id: command.id, result: {} });
    }
    await turn();
  }

  #connect(socket: FakeSocket, token: string): void {
    this.connects.push(token);
    const expiresAt = this.#expiries.get(token) ?? 0;
    if (this.#known.has(token) && this.#true > expiresAt + this.#lost + 1000) this.expiredConnects.push(token);
    if (this.#true < expiresAt) {
      this.#known.add(token);
      void socket.accept({ time: this.#true, expiresAt });
    } else {
      this.#known.add(token);
      socket.refuse('connect', 'token_expired', { code: 4100 });
      socket.drop(4100, 'token_expired');
    }
  }

  #refresh(socket: FakeSocket, token: string): void {
    const expiresAt = this.#expiries.get(token) ?? 0;
    if (this.#true < expiresAt) {
      this.#known.add(token);
      socket.reply('refresh', { expiresAt, time: this.#true });
    } else socket.refuse('refresh', 'token_expired', { code: 4100 });
  }

  #token(reason: TokenReason): string | Promise<string> {
    const now = this.#true;
    if (this.#open !== undefined && now < this.#open + TIMEOUT) this.overlaps++;
    this.asked.push({ time: now, reason });
    const n = this.asked.length;
    const answer = this.answers(n);
    if (answer === 'fail') throw new Error('no network');
    if (answer === 'empty') return '';
    if (answer === 'same' && this.#last) return this.#last;
    const token = `jwt ${n}`;
    this.#expiries.set(token, answer === 'expired' ? 0 : now + this.lifetime);
    if (answer !== 'hang') {
      this.#last = token;
      return token;
    }
    this.#open = now;
    return new Promise((resolve) => this.#releases.push(() => resolve(token)));
  }
}

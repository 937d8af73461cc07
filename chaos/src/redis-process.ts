import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { ensureRedis } from '../../scripts/find-redis.mjs';
import { Child } from './child.ts';
import { pause } from './until.ts';

const OFTEN = 20;

/** A Redis of its own, on a free port, whose every write is on disk before it is answered. */
export class RedisProcess {
  readonly #folder: string;
  readonly port: number;
  #child: Child | undefined;

  /** @param port that is free, and stays Redis' own for all its lives */
  constructor({ folder, port }: { folder: string; port: number }) {
    this.#folder = `${folder}/redis`;
    this.port = port;
  }

  /** @throws Error when it ends instead of starting */
  async start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const settings = {
      port: this.port,
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const child = new Child(ensureRedis(), args, () => {});
    this.#child = child;
    while (!(await answers(this.port))) {
      if (child.hasEnded) throw new Error(`redis-server does not start:\n${child.tail}`);
      await pause(OFTEN);
    }
  }

  async kill(): Promise<void> {
    await this.#child?.kill('SIGKILL');
  }

  /** Forgets everything that was kept. Only while it does not run. */
  empty(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Does a Redis listen there, with its data loaded? */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}

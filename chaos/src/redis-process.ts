import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { ensureRedis } from '../../scripts/find-redis.mjs';
import { Child } from './child.ts';
import { pause } from './until.ts';

const OFTEN = 20;

/** A Redis process on a free port, which writes everything to disk before it answers. */
export class RedisProcess {
  readonly #folder: string;
  readonly port: number;
  #child: Child | undefined;

  /** @param port a free port, which Redis keeps across restarts */
  constructor({ folder, port }: { folder: string; port: number }) {
    this.#folder = `${folder}/redis`;
    this.port = port;
  }

  /** @throws Error if it ends instead of starting */
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
      if (child.hasEnded) throw new Error(`redis-server did not start:\n${child.tail}`);
      await pause(OFTEN);
    }
  }

  async kill(): Promise<void> {
    await this.#child?.kill('SIGKILL');
  }

  /** Deletes its data. Only while it does not run. */
  empty(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Is a Redis listening there, with its data loaded? */
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

import { type ChildProcess, spawn } from 'node:child_process';

const TAIL = 20;

/** All running processes, so that none is left behind however this process ends. */
const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that chaos started: reads its lines, detects its end, and never outlives this process. */
export class Child {
  readonly #process: ChildProcess;
  readonly #tail: string[] = [];
  /** Resolves with the exit code; with null after a signal. */
  readonly ended: Promise<number | null>;
  #ends = false;

  constructor(command: string, args: readonly string[], onLine: (line: string) => void) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
    this.#process = child;
    running.add(child);
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#tail.push(String(error));
        resolve(-1);
      });
      child.on('exit', (code) => {
        this.#ends = true;
        running.delete(child);
        resolve(code);
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          this.#tail.splice(0, this.#tail.length - TAIL + 1);
          this.#tail.push(line);
          onLine(line);
        }
      });
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get hasEnded(): boolean {
    return this.#ends;
  }

  /** The last lines of its output. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.#process.kill(signal);
    return this.ended;
  }
}

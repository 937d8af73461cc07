import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dice } from '../../chaos/src/dice.ts';
import { GatewayProcess } from '../../chaos/src/gateway-process.ts';
import { pause } from '../../chaos/src/until.ts';
import { mintToken } from '../../server/src/auth/mint.ts';
import { exchange, type HttpSent } from './exchanges.ts';
import { Peer, type Sent } from './peer.ts';
import { Pool } from './pool.ts';
import { trySingleFrames } from './single-frames.ts';
import { type Figures, HealthyClient, readFigures, residentMemory } from './watch.ts';

const SECRET = 'a secret of this run alone, long enough for HS256';
const API_KEY = 'an-API-key-of-this-run-alone';

/** Bytes by which memory may grow: SECURITY.md. */
const GROWTH = 64 * 1024 * 1024;
const PER_CONNECTION = 16 * 1024;
/**
 * Rounds after which a gateway is warm: code is compiled, and V8 has given its heaps the size that
 * the load asks for.
 */
const WARM_ROUNDS = 5;
/** Milliseconds within which everything that attackers left must be gone; far more than its own timeouts. */
const SETTLED = 60_000;

export interface RunOptions {
  readonly seed: number;
  /** Rounds begin until this many milliseconds have passed; at least one. */
  readonly length: number;
  /** The first round, to make one that failed again. */
  readonly from?: number;
  /** Hostile WebSockets in a round, exchanges' connections in a round, and how many of them are open at once. */
  readonly sockets?: number;
  readonly exchanges?: number;
  readonly concurrency?: number;
  /** Are memory and CPU time judged? Only in runs that are long enough to have warmed up. */
  readonly judgeCosts?: boolean;
  readonly say: (line: string) => void;
}

export interface Report {
  readonly faults: readonly string[];
  readonly rounds: number;
  readonly frames: Sent;
  readonly http: HttpSent;
  /** Frames that were sent alone, and the CPU time in milliseconds of the slowest one; only in long runs. */
  readonly single?: { readonly frames: number; readonly slowest: number } | undefined;
  /** Pings of the healthy client, in milliseconds. */
  readonly pings: {
    readonly answered: number;
    readonly p50: number;
    readonly p99: number;
    readonly most: number;
    readonly late: number;
  };
  /**
   * Bytes of resident memory: before the first round, at most while it became warm, at most at all,
   * and the least after one of the last rounds.
   */
  readonly memory: { readonly idle: number; readonly warm: number; readonly peak: number; readonly rest: number };
}

/**
 * One attack on one gateway: rounds of hostile frames and exchanges, each followed by a look
 * whether anything is left.
 */
export class Run {
  readonly #options: Required<RunOptions>;
  readonly #faults: string[] = [];
  readonly #frames: Sent = { frames: 0, bytes: 0, received: 0, unclosed: 0, internal: 0, byKind: new Map() };
  readonly #http: HttpSent = { exchanges: 0, bytes: 0, answers: 0, failures: 0, unclosed: 0, byKind: new Map() };
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-hostile-'));
  readonly #gateway: GatewayProcess;
  #idle = Number.NaN;
  #warm = 0;
  #peak = 0;
  /** Called after each round, when all peers are gone. */
  readonly #rests: number[] = [];

  constructor(options: RunOptions) {
    this.#options = { from: 0, sockets: 200, exchanges: 2_000, concurrency: 40, judgeCosts: false, ...options };
    this.#gateway = new GatewayProcess({
      name: 'gateway',
      folder: this.#folder,
      config: {
        keys: [{ secret: SECRET }],
        apiKeys: [{ name: 'hostile', secret: API_KEY }],
        channels: {
          'hostile:{room}': { allow: { '*': 'users' }, presence: { grace: '500ms' } },
          'kept:{room}': { allow: { '*': 'users' }, history: { count: 100, age: '1h' }, presence: { grace: '500ms' } },
          'user:{id}': { allow: { '*': 'owner:{id}' } },
        },
        limits: { connectionsPerUser: 0 },
      },
      onFault: (text) => this.#faults.push(text),
    });
  }

  /** @throws Error when the gateway is not built, or does not start */
  async go(): Promise<Report> {
    try {
      await this.#gateway.start();
      return await this.#attack();
    } finally {
      await this.#gateway.kill();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  get #port(): number {
    return this.#gateway.port ?? 0;
  }

  async #attack(): Promise<Report> {
    const { length, from } = this.#options;
    const token = await mintToken({ secret: SECRET, algorithm: 'HS256', sub: 'ada', expiresIn: 86_400_000 });
    const url = `ws://127.0.0.1:${this.#port}/ws`;
    const healthy = new HealthyClient(url, token, (text) => this.#faults.push(text));
    this.#idle = residentMemory(this.#gateway.pid);
    const start = performance.now();
    let round = from;
    do {
      await this.#round(round++, token);
    } while (performance.now() - start < length && this.#faults.length === 0);
    const single = this.#options.judgeCosts ? await trySingleFrames(this.#port, this.#gateway.pid) : undefined;
    this.#faults.push(...(single?.faults ?? []));
    const report = { ...this.#report(healthy, round - from), single };
    await healthy.stop();
    return report;
  }

  async #round(round: number, token: string): Promise<void> {
    const { seed, sockets, exchanges, concurrency } = this.#options;
    const roundSeed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(round + 1, 0x85ebca6b);
    const pools = [false, true].map((binary, at) => new Pool({ seed: roundSeed + at, binary, size: 1_500, token }));
    const dice = (at: number) => new Dice(roundSeed ^ Math.imul(at + 1, 0xc2b2ae35));
    await together(sockets, concurrency, async (at) => {
      const own = dice(at);
      await new Peer({ port: this.#port, dice: own, pool: own.pick(pools), token, sent: this.#frames }).run();
      this.#noteMemory();
    });
    await together(exchanges, concurrency, async (at) => {
      await exchange(this.#port, { dice: dice(sockets + at), apiKey: API_KEY }, this.#http);
      if (at % 100 === 0) this.#noteMemory();
    });
    await this.#settle(round);
  }

  #noteMemory(): void {
    const memory = residentMemory(this.#gateway.pid);
    if (memory > this.#peak) this.#peak = memory;
  }

  /** Waits until nothing of the round is left, and reports what is. */
  async #settle(round: number): Promise<void> {
    const start = performance.now();
    let left: string[] = [];
    do {
      if (this.#gateway.port === undefined) return; // it has ended, which is a fault already
      left = leftOf(await readFigures(this.#port).catch((): Figures => ({})));
      if (left.length > 0) await pause(50);
    } while (left.length > 0 && performance.now() - start < SETTLED);
    const { unclosed, internal } = this.#frames;
    const { unclosed: halfOpen, failures } = this.#http;
    const wrong = [
      ...left,
      ...(unclosed > 0 ? [`${unclosed} WebSockets were not closed`] : []),
      ...(internal > 0 ? [`${internal} answers named "internal"`] : []),
      ...(halfOpen > 0 ? [`${halfOpen} HTTP connections were not closed`] : []),
      ...(failures > 0 ? [`${failures} HTTP answers of a mistake (500)`] : []),
    ];
    const memory = residentMemory(this.#gateway.pid);
    this.#rests.push(memory);
    this.#noteMemory();
    if (this.#rests.length <= WARM_ROUNDS) this.#warm = this.#peak;
    for (const what of wrong) this.#faults.push(`round ${round}: ${what}`);
    const mib = Math.round(memory / 1024 / 1024);
    this.#options.say(
      `round ${round}: ${this.#frames.frames} frames, ${this.#http.exchanges} exchanges so far; ${mib} MiB; ${wrong.length === 0 ? 'nothing left' : wrong.join('; ')}`,
    );
  }

  #report(healthy: HealthyClient, rounds: number): Report {
    // Garbage is collected irregularly: the best of several rounds shows the retained memory.
    const rest = Math.min(...this.#rests.slice(-4 * WARM_ROUNDS));
    const allowed = GROWTH + this.#options.concurrency * PER_CONNECTION;
    if (this.#options.judgeCosts && rounds > 4 * WARM_ROUNDS) {
      if (this.#peak - this.#warm > allowed)
        this.#faults.push(`memory grew by ${this.#peak - this.#warm} bytes; ${allowed} are allowed`);
      if (rest > this.#warm) this.#faults.push(`memory did not come back: ${rest - this.#warm} bytes more`);
    }
    if (healthy.answered === 0) this.#faults.push('the healthy client was never answered');
    return {
      faults: this.#faults,
      rounds,
      frames: this.#frames,
      http: this.#http,
      pings: {
        answered: healthy.answered,
        p50: healthy.percentile(0.5),
        p99: healthy.percentile(0.99),
        most: healthy.percentile(1),
        late: healthy.late,
      },
      memory: { idle: this.#idle, warm: this.#warm, peak: this.#peak, rest },
    };
  }
}

/** What a gateway still holds besides the healthy client, and its faults. */
function leftOf(figures: Figures): string[] {
  const expected: Figures = {
    sluice_connections: 1,
    sluice_subscriptions: 0,
    sluice_channels: 0,
    sluice_faults_total: 0,
    'sluice_errors_total{name="internal"}': 0,
  };
  return Object.entries(expected).flatMap(([name, value]) => {
    const found = figures[name] ?? (name.includes('internal') ? 0 : undefined);
    return found === value ? [] : [`${name} is ${found}, not ${value}`];
  });
}

/** Repeats something, several at once. */
async function together(count: number, atOnce: number, what: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await what(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

import { pause } from '../until.ts';
import type { BackendApi } from '../work/backend-api.ts';
import type { Produced, SoakRig } from './systems/system.ts';

/** Milliseconds between two batches, and until the next attempt of one that failed. */
const TICK = 100;
const RETRY = 100;
/** Most messages of a batch. */
const MOST = 100;
/** Messages of a bridge come from, and go to, that many channels. */
const KEYS = 4;

export interface TrafficOptions {
  readonly name: string;
  readonly rig: SoakRig;
  readonly api: BackendApi;
  /** Messages per second, in each direction. */
  readonly rate: number;
}

/** Channels of a system: those that its inbound bridge fills, and the one that its outbound bridge sends. */
export const inChannel = (system: string, key: string): string => `in:${system}:${key}`;
export const outChannel = (system: string): string => `out:${system}`;

/** What producers and publishers do: numbered messages, in order, each again until it is stored. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #produced: Produced[] = [];
  #published = 0;
  #retries = 0;
  #isRunning = false;
  #isGivenUp = false;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get rig(): SoakRig {
    return this.#options.rig;
  }

  /** Everything that the source of the broker has, in order. */
  get produced(): readonly Produced[] {
    return this.#produced;
  }

  /** How many messages the outbound channel has. */
  get published(): number {
    return this.#published;
  }

  /** What was tried again. */
  get retries(): number {
    return this.#retries;
  }

  start(): void {
    this.#isRunning = true;
    this.#loops = Promise.all([
      this.#paced((count) => this.#produce(count)),
      this.#paced((count) => this.#publish(count)),
    ]);
  }

  /** Resolves when everything that was begun is stored. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#loops;
  }

  /** Ends the attempts that would go on for ever. */
  giveUp(): void {
    this.#isRunning = false;
    this.#isGivenUp = true;
  }

  async #paced(send: (count: number) => Promise<void>): Promise<void> {
    let due = 0;
    let last = performance.now();
    while (this.#isRunning) {
      const now = performance.now();
      due = Math.min(MOST, due + ((now - last) * this.#options.rate) / 1_000);
      last = now;
      const count = Math.floor(due);
      due -= count;
      if (count > 0) await send(count);
      await pause(TICK);
    }
  }

  async #produce(count: number): Promise<void> {
    const next = this.#produced.length + 1;
    const batch = Array.from({ length: count }, (_, at) => producedOf(next + at));
    await this.#untilStored(async () => {
      await this.#options.rig.produce(batch);
      return true;
    });
    this.#produced.push(...batch);
  }

  async #publish(count: number): Promise<void> {
    const channel = outChannel(this.name);
    const from = this.#published + 1;
    const numbers = Array.from({ length: count }, (_, at) => from + at);
    const messages = numbers.map((n) => ({ channel, data: { n }, key: `${n}` }));
    await this.#untilStored(async () => {
      const answer = await this.#options.api.call('POST', 'publish', messages);
      return answer?.status === 200 && (answer.body as unknown as readonly object[]).every((each) => 'offset' in each);
    });
    this.#published += count;
  }

  async #untilStored(attempt: () => Promise<boolean>): Promise<void> {
    while (!(await attempt().catch(() => false)) && !this.#isGivenUp) {
      this.#retries++;
      await pause(RETRY);
    }
  }
}

const producedOf = (n: number): Produced => ({ n, key: `k${n % KEYS}`, body: JSON.stringify({ n }) });

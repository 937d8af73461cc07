import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken } from '../../server/src/auth/mint.ts';
import { BOUND, CHANNELS, CHATS, RULES, retiredTo } from './channels.ts';
import { ChaosClient } from './chaos-client.ts';
import type { ChaosUser } from './chaos-user.ts';
import { Cluster, SECRET } from './cluster.ts';
import { Dice } from './dice.ts';
import { inject } from './inject.ts';
import { Ledger, type Payload } from './ledger.ts';
import { describeFault, makePlan, type PlanOptions, type Step } from './plan.ts';
import { type Heads, readHeads, verifyCopies, verifyLogs } from './settle.ts';
import { pause, until } from './until.ts';
import { CREW_SIZE, Crew } from './work/crew.ts';
import { WORK_CHANNELS, WORK_RULES } from './work/rules.ts';

export interface RunOptions extends PlanOptions {
  /** Publishes per second, of all clients together. */
  readonly rate: number;
  /** Called with each line of the progress. */
  readonly print: (line: string) => void;
}

/** The counts of injected faults and checks. */
export interface Report {
  readonly faults: readonly string[];
  readonly injected: ReadonlyMap<string, number>;
  readonly counts: Readonly<Record<string, number>>;
}

/** Maximum number of faults in the report. */
const ENOUGH = 20;
/** Maximum number of pending publishes; more would only make an outage longer. */
const PENDING = 2_000;
const TICK = 20;
const API_KEY = 'key-of-gateways-that-live-for-minutes-only';
/** Channels with constant traffic. */
const TRAFFIC = [...CHATS, ...WORK_CHANNELS];
const CREW = Object.values(CREW_SIZE).reduce((sum, count) => sum + count);

/** The plan of a run: its faults concern all users. */
export function planOf(options: PlanOptions): readonly Step[] {
  return makePlan({ ...options, clients: options.clients + CREW });
}

/** One run: a cluster, clients, faults by the plan, then recovery, and the final checks. */
export class Run {
  readonly #options: RunOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  readonly #faults: string[] = [];
  readonly #injected = new Map<string, number>();
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  readonly #keeps: boolean;
  readonly #start = performance.now();
  #clients: ChaosClient[] = [];
  readonly #crew: Crew;
  #published = 0;
  #drains = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const { engine, nodes, empty } = options;
    // The memory engine loses its data with its process, and every plan restarts a process.
    this.#keeps = engine === 'durable' || (engine === 'redis' && !empty);
    this.#ledger = new Ledger({ keeps: this.#keeps });
    const rules = Object.entries({ ...RULES, ...WORK_RULES });
    const channels = Object.fromEntries(rules.map(([kind, rule]) => [`${kind}:{name}`, rule]));
    const onFault = (text: string) => this.#fault(text);
    const config = { apiKeys: [{ name: 'chaos', secret: API_KEY }] };
    this.#cluster = new Cluster({ engine, nodes, folder: this.#folder, channels, config, onFault });
    this.#crew = new Crew({
      ...this.#world,
      seed: options.seed + 3,
      ledger: this.#ledger,
      keeps: this.#keeps,
      apiKey: API_KEY,
      nextNumber: () => ++this.#published,
    });
  }

  /** Never rejects because of faults of the gateways: they are in the report. */
  async go(): Promise<Report> {
    try {
      await this.#prepare();
      await this.#play();
      await this.#settle();
    } catch (error) {
      this.#fault(error instanceof Error ? error.message : String(error));
    } finally {
      await this.#cleanUp();
    }
    return { faults: this.#faults, injected: this.#injected, counts: this.#count() };
  }

  #fault(text: string): void {
    if (this.#faults.length < ENOUGH) this.#faults.push(text);
  }

  #now = () => performance.now() - this.#start;

  get #time(): string {
    return `${(this.#now() / 1000).toFixed(1).padStart(7)} s`;
  }

  async #prepare(): Promise<void> {
    await this.#cluster.start();
    const dice = new Dice(this.#options.seed + 1);
    const many = Array.from({ length: this.#options.clients }, (_, at) => `client-${at}`);
    this.#clients = await Promise.all(many.map((name) => this.#createClient(name, dice)));
    await Promise.all([...this.#clients.map((client) => client.start()), this.#crew.start()]);
    await until(() => this.#clients.every(({ isReading }) => isReading), {
      what: () => 'not all clients have subscribed',
    });
  }

  async #createClient(name: string, dice: Dice): Promise<ChaosClient> {
    const token = await mintToken({ secret: SECRET, algorithm: 'HS256', expiresIn: 86_400_000, sub: name });
    const chats = dice.some(3, CHATS.length).flatMap((at) => CHATS[at] ?? []);
    return new ChaosClient({
      name,
      token,
      channels: [...new Set(dice.next() < 0.5 ? [...chats, 'bulk:a', 'safe:a'] : [...chats, BOUND.channel])],
      ledger: this.#ledger,
      keeps: this.#keeps,
      ...this.#world,
    });
  }

  get #world() {
    return {
      choose: () => this.#cluster.choose(),
      nameOf: (port: number) => this.#cluster.nameOf(port),
      onFault: (text: string) => this.#fault(text),
      clock: this.#now,
    };
  }

  get #users(): readonly ChaosUser[] {
    return [...this.#clients, ...this.#crew.users];
  }

  #payload = (by: string, size: number): Payload => ({ n: ++this.#published, by, fill: 'x'.repeat(size) });

  /** Runs the plan while all clients publish. */
  async #play(): Promise<void> {
    const chatting = this.#chat();
    const healing: Promise<void>[] = [];
    try {
      for (const { pause: wait, fault } of planOf(this.#options)) {
        await pause(wait);
        if (this.#faults.length > 0) break;
        const description = describeFault(fault);
        this.#options.print(`${this.#time}  ${description}`);
        this.#injected.set(fault.kind, (this.#injected.get(fault.kind) ?? 0) + 1);
        for (const user of this.#users) if (!('clients' in fault)) user.note(`— ${description}`);
        const healed = inject(fault, {
          cluster: this.#cluster,
          clients: this.#clients,
          users: this.#users,
          payload: this.#payload,
          onDrained: (node, code) => this.#drained(node, code),
        });
        healing.push(healed.catch((error: unknown) => this.#fault(`${description}: ${String(error)}`)));
      }
      await Promise.all(healing);
      // A last second of normal traffic.
      await pause(1_000);
    } finally {
      clearInterval(chatting);
    }
  }

  #drained(node: string, code: number | null): void {
    this.#drains++;
    if (code !== 0) this.#fault(`${node} ended its drain with ${code}`);
  }

  #chat(): NodeJS.Timeout {
    const dice = new Dice(this.#options.seed + 2);
    const each = (this.#options.rate * TICK) / 1_000;
    let due = 0;
    return setInterval(() => {
      for (due += each; due >= 1; due--) {
        const client = dice.pick(this.#clients);
        if (this.#pending >= PENDING) continue;
        void client.publish(dice.pick(TRAFFIC), this.#payload(client.name, dice.whole(0, 200)));
        this.#crew.published();
      }
    }, TICK);
  }

  get #pending(): number {
    return this.#clients.reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Recovery: everything is acknowledged, all clients are at the head, and the nodes agree. */
  async #settle(): Promise<void> {
    if (this.#faults.length > 0) return;
    this.#options.print(`${this.#time}  everything works again: ${this.#pending} publishes are not acknowledged yet`);
    for (const user of this.#users) user.hurry();
    await until(() => this.#pending === 0, { what: () => this.#whoWaits() });
    this.#options.print(`${this.#time}  everything is acknowledged`);
    // A lost announcement is noticed with the next one.
    const [speaker] = this.#clients;
    await Promise.all(CHANNELS.map((channel) => speaker?.publish(channel, this.#payload('the end', 0))));
    const since = performance.now();
    const { nodes } = this.#cluster;
    const heads: Heads = await readHeads(nodes);
    await until(() => this.#clients.every((client) => client.unrest(heads) === undefined), {
      what: () => this.#clients.flatMap((client) => client.unrest(heads) ?? []).join('\n'),
    });
    this.#options.print(
      `all clients are live at the head ${Math.round(performance.now() - since)} ms after the last publish`,
    );
    for (const fault of [...(await verifyLogs(nodes, this.#ledger, heads)), ...this.#ledger.disorder()])
      this.#fault(fault);
    if (this.#keeps) for (const fault of await verifyCopies(nodes, this.#ledger)) this.#fault(fault);
    for (const fault of this.#judgeRetired(heads)) this.#fault(fault);
    for (const fault of this.#clients.flatMap((client) => client.missing(heads))) this.#fault(fault);
    await this.#crew.settle();
    this.#options.print(`${this.#time}  all work is finished`);
    for (const fault of await this.#crew.verdict()) this.#fault(fault);
    for (const code of await this.#endNodes()) if (code !== 0) this.#fault(`a node ended its drain with ${code}`);
  }

  /** The client with the most pending publishes, whose log is printed. */
  #whoWaits(): string {
    const [worst] = [...this.#clients].sort((a, b) => b.pending - a.pending);
    return `${worst?.name}: ${worst?.pending} of its publishes are not acknowledged, of all clients ${this.#pending}`;
  }

  /** Messages that a gap reported as removed must not be in the log. */
  #judgeRetired(heads: Heads): string[] {
    return this.#clients.flatMap(({ name, readers }) =>
      readers.flatMap(({ channel, retired }) => {
        const head = heads.get(channel);
        return retired
          .filter(({ epoch, offset }) => epoch === head?.epoch && offset > retiredTo(channel, head.offset))
          .map(
            ({ offset }) => `${name}: received a gap of ${channel} up to ${offset}, but its head is ${head?.offset}`,
          );
      }),
    );
  }

  async #endNodes(): Promise<(number | null)[]> {
    for (const user of this.#users) user.close();
    return this.#cluster.stop();
  }

  async #cleanUp(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
    await this.#crew.end();
    await this.#cluster.kill();
    rmSync(this.#folder, { recursive: true, force: true });
    const violated = this.#users.find(({ name }) => this.#faults.some((fault) => fault.includes(`${name}:`)));
    if (violated !== undefined) this.#options.print(`\nThe log of ${violated.name}:\n${violated.log}\n`);
  }

  #count(): Record<string, number> {
    const readers = this.#clients.flatMap((client) => client.readers);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      'publishes acknowledged': this.#ledger.acknowledgements,
      'publishes retried': sum(this.#clients.map(({ retries }) => retries)),
      'messages delivered': sum(readers.map(({ received }) => received)),
      'messages delivered through a filter': sum(this.#clients.map(({ filtered }) => filtered.received)),
      'gaps reported': sum(readers.map(({ gaps }) => gaps)),
      'messages covered by gaps': sum(readers.map(({ lost }) => lost)),
      'connections made': sum(this.#users.map(({ connections }) => connections)),
      'drains that ended with 0': this.#drains,
      ...this.#crew.counts(),
    };
  }
}

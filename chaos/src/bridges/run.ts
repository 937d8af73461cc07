import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerServer } from '../../../bridges/test/support/broker-server.ts';
import { expectFresh } from '../../../scripts/src/fresh-build.mjs';
import type { ConfigInput } from '../../../server/src/config/config.ts';
import { Cluster } from '../cluster.ts';
import type { Report } from '../run.ts';
import { pause, until } from '../until.ts';
import { BackendApi } from '../work/backend-api.ts';
import { injectBridgeFault } from './inject.ts';
import { judgeLog, judgeSent } from './judge.ts';
import { type BridgePlanOptions, describeBridgeFault, makeBridgePlan } from './plan.ts';
import { readLog } from './read-log.ts';
import { SOAK_SYSTEMS } from './systems.ts';
import { inChannel, outChannel, Traffic } from './traffic.ts';

export interface BridgeRunOptions extends BridgePlanOptions {
  /** Messages per second through each bridge. */
  readonly rate: number;
  /** Called with each line of the progress. */
  readonly print: (line: string) => void;
}

const API_KEY = 'key-of-gateways-that-live-for-minutes-only';
/** More than any run publishes. */
const HISTORY = { history: { count: 10_000_000, age: '7d' } } as const;
/** Maximum number of faults in the report. */
const ENOUGH = 20;
/** Milliseconds for the bridges to catch up after the last fault. */
const CATCH_UP = 180_000;

/** One run: brokers, gateways with a bridge from and to each, faults by the plan, and the judgement. */
export class BridgeRun {
  readonly #options: BridgeRunOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-bridges-'));
  readonly #faults: string[] = [];
  readonly #injected = new Map<string, number>();
  readonly #start = performance.now();
  readonly #servers = new Map<string, BrokerServer>();
  #traffic: readonly Traffic[] = [];
  #cluster: Cluster | undefined;
  #repeats = 0;

  constructor(options: BridgeRunOptions) {
    this.#options = options;
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

  #print(text: string): void {
    const seconds = ((performance.now() - this.#start) / 1_000).toFixed(1);
    this.#options.print(`${seconds.padStart(7)} s  ${text}`);
  }

  #api = new BackendApi(API_KEY, () => this.#cluster?.choose());

  async #prepare(): Promise<void> {
    expectFresh(['bridges']);
    const { engine, nodes, rate } = this.#options;
    this.#traffic = await Promise.all(
      this.#options.systems.map(async (name) => {
        const system = systemOf(name);
        const server = await system.broker.start();
        this.#servers.set(name, server);
        return new Traffic({ name, rig: await system.open(server), api: this.#api, rate });
      }),
    );
    const onFault = (text: string) => this.#fault(text);
    const channels = { 'in:{system}:{key}': HISTORY, 'out:{system}': HISTORY };
    const bridges = Object.fromEntries(this.#traffic.flatMap(bridgesOf)) as ConfigInput['bridges'];
    const config = { apiKeys: [{ name: 'chaos', secret: API_KEY }], ...(bridges && { bridges }) };
    this.#cluster = new Cluster({ engine, nodes, folder: this.#folder, channels, config, onFault });
    await this.#cluster.start();
  }

  /** Runs the plan while messages flow in both directions. */
  async #play(): Promise<void> {
    const healing: Promise<void>[] = [];
    for (const each of this.#traffic) each.start();
    for (const { pause: wait, fault } of makeBridgePlan(this.#options)) {
      await pause(wait);
      if (this.#faults.length > 0) break;
      const description = describeBridgeFault(fault);
      this.#print(description);
      this.#injected.set(fault.kind, (this.#injected.get(fault.kind) ?? 0) + 1);
      const healed = injectBridgeFault(fault, { ...this.#scene });
      healing.push(healed.catch((error: unknown) => this.#fault(`${description}: ${String(error)}`)));
    }
    await Promise.all(healing);
    // A last second of normal traffic.
    await pause(1_000);
  }

  get #scene() {
    if (this.#cluster === undefined) throw new Error('there are no gateways yet');
    return {
      cluster: this.#cluster,
      servers: this.#servers,
      killOf: (system: string) => systemOf(system).kill,
      onDrained: (node: string, code: number | null) => {
        if (code !== 0) this.#fault(`${node} ended its drain with ${code}`);
      },
    };
  }

  /** Everything has arrived, and is judged. */
  async #settle(): Promise<void> {
    if (this.#faults.length > 0) return;
    this.#print('everything works again');
    await Promise.all(this.#traffic.map((each) => each.stop()));
    this.#print('everything is stored');
    for (const each of this.#traffic) await this.#settleSystem(each);
    for (const code of (await this.#cluster?.stop()) ?? [])
      if (code !== 0) this.#fault(`a node ended its drain with ${code}`);
  }

  async #settleSystem({ name, rig, produced, published }: Traffic): Promise<void> {
    const stored = (await rig.stored?.()) ?? produced;
    const expected = new Map<string, number[]>();
    for (const { n, key } of stored) expected.set(key, [...(expected.get(key) ?? []), n]);
    for (const [key, numbers] of expected) await this.#judgeChannel(inChannel(name, key), numbers);
    let sent = await rig.sent();
    const arrived = async () => {
      sent = await rig.sent();
      return new Set(sent.map(({ offset }) => offset)).size >= published;
    };
    await this.#caughtUp(arrived, () => `${name} has ${sent.length} of ${published} messages`);
    const { deduplicates } = systemOf(name);
    for (const fault of judgeSent(sent, { count: published, deduplicates })) this.#fault(`${name}, out: ${fault}`);
    this.#repeats += sent.length - published;
    this.#print(`${name}: ${stored.length} in, ${published} out`);
  }

  async #judgeChannel(channel: string, expected: readonly number[]): Promise<void> {
    let log = await readLog(this.#api, channel);
    const arrived = async () => {
      log = await readLog(this.#api, channel);
      return log.length >= expected.length;
    };
    await this.#caughtUp(arrived, () => `${channel} has ${log.length} of ${expected.length} messages`);
    for (const fault of judgeLog(log, expected)) this.#fault(`${channel}: ${fault}`);
  }

  /** @throws Error if that takes too long, or a bridge has failed */
  async #caughtUp(arrived: () => Promise<boolean>, what: () => string): Promise<void> {
    let states = '';
    const hasArrived = async () => {
      states = await this.#states();
      if (states.includes('failed')) throw new Error(states);
      return arrived();
    };
    await until(hasArrived, { within: CATCH_UP, what: () => `${what()}; ${states}` });
  }

  /** What the gateways say about their bridges. */
  async #states(): Promise<string> {
    const answer = await this.#api.call('GET', 'bridges');
    const bridges = (answer?.body.bridges ?? []) as readonly { name: string; state: string; error: string | null }[];
    const texts = bridges.map(({ name, state, error }) => `${name} is ${state}${error === null ? '' : ` (${error})`}`);
    return texts.join(', ');
  }

  async #cleanUp(): Promise<void> {
    for (const each of this.#traffic) each.giveUp();
    await this.#cluster?.kill();
    for (const { rig } of this.#traffic) await rig.close();
    for (const server of this.#servers.values()) await server.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #count(): Record<string, number> {
    const sum = (of: (traffic: Traffic) => number) => this.#traffic.reduce((total, each) => total + of(each), 0);
    return {
      'messages produced': sum(({ produced }) => produced.length),
      'messages published': sum(({ published }) => published),
      'attempts repeated': sum(({ retries }) => retries),
      'repeats at brokers': this.#repeats,
    };
  }
}

function systemOf(name: string) {
  const system = SOAK_SYSTEMS[name];
  if (system === undefined) throw new Error(`unknown system "${name}". Use ${Object.keys(SOAK_SYSTEMS).join(', ')}`);
  if (system.broker.skip !== false) throw new Error(`${name}: ${system.broker.skip}`);
  return system;
}

function bridgesOf({ name, rig }: Traffic): [string, object][] {
  const { connection, inboundConnection = connection, from, to, key } = rig;
  return [
    [`${name}-in`, { ...inboundConnection, from, to: { channel: inChannel(name, key) } }],
    [`${name}-out`, { ...connection, from: { channel: outChannel(name) }, to }],
  ];
}

import type { Dice } from '../dice.ts';
import type { Payload } from '../ledger.ts';
import { pause } from '../until.ts';
import { type BackendApi, errorOf } from './backend-api.ts';
import type { GroupLedger, Received, SettlementKind } from './group-ledger.ts';

export interface LeasingBackendOptions {
  readonly name: string;
  readonly api: BackendApi;
  readonly ledger: GroupLedger;
  readonly dice: Dice;
  readonly onReceived: (channel: string, received: Received, messageId: string) => void;
  readonly onFault: (text: string) => void;
}

interface LeasedDelivery {
  readonly id: string;
  readonly attempt: number;
  readonly deadline: number;
  readonly message: { readonly id: string; readonly offset: number; readonly data: Payload };
}

/** Messages of one lease, and milliseconds for which it waits. */
const MOST = 5;
const WAIT = 500;
/** Milliseconds until the next attempt while no node answers. */
const RETRY = 100;
/** Expected while the engine is down or the node drains. */
const EXCUSED: ReadonlySet<number> = new Set([429, 503]);

/** A backend that leases messages over HTTP. Some it settles, some it forgets. */
export class LeasingBackend {
  readonly #options: LeasingBackendOptions;
  readonly #path: string;
  #loop: Promise<void> | undefined;
  #isRunning = false;
  /** Does all work succeed at once? */
  isCalm = false;

  constructor(options: LeasingBackendOptions) {
    this.#options = options;
    const { channel, group } = options.ledger.plan;
    this.#path = `channels/${channel}/groups/${group}`;
  }

  start(): void {
    this.#isRunning = true;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (this.#isRunning) if (!(await this.#lease())) await pause(RETRY);
  }

  async #lease(): Promise<boolean> {
    const { api, name, onFault } = this.#options;
    const answer = await api.call('POST', `${this.#path}/lease`, { max: MOST, wait: WAIT });
    if (answer === undefined || EXCUSED.has(answer.status)) return false;
    if (answer.status !== 200) {
      onFault(`${name}: a lease was answered with ${answer.status} ${errorOf(answer)}`);
      return false;
    }
    const { epoch, deliveries } = answer.body as { epoch: string; deliveries: readonly LeasedDelivery[] };
    this.#receive(epoch, deliveries);
    await pause(this.isCalm ? 0 : this.#options.dice.whole(0, 50));
    await this.#work(deliveries.map(({ id }) => id));
    return true;
  }

  #receive(epoch: string, deliveries: readonly LeasedDelivery[]): void {
    const { ledger, name, onReceived, onFault } = this.#options;
    for (const { id, attempt, deadline, message } of deliveries) {
      const received = { id, attempt, deadline, epoch, offset: message.offset, n: message.data.n, holder: this };
      const problem = ledger.received(received);
      if (problem !== undefined) onFault(`${name}: ${problem}`);
      onReceived(ledger.plan.channel, received, message.id);
    }
  }

  async #work(ids: readonly string[]): Promise<void> {
    const { dice, ledger } = this.#options;
    const byKind = new Map<SettlementKind, string[]>();
    for (const id of ids) {
      const chance = this.isCalm ? 1 : dice.next();
      // Forgotten: it expires.
      if (chance < 0.03) continue;
      const kind = chance < 0.1 ? 'nack' : chance < 0.13 && ledger.plan.mayDie ? 'dead' : 'ack';
      byKind.set(kind, [...(byKind.get(kind) ?? []), id]);
    }
    await Promise.all([...byKind].map(([kind, some]) => this.#settle(kind, some)));
  }

  async #settle(kind: SettlementKind, deliveries: readonly string[]): Promise<void> {
    const { api, ledger, name, onFault } = this.#options;
    const settlement = ledger.settles(kind, deliveries);
    const action = kind === 'ack' ? 'ack' : 'nack';
    const body = { deliveries, ...(kind === 'dead' ? { dead: true } : {}) };
    const answer = await api.call('POST', `${this.#path}/${action}`, body);
    if (answer === undefined || EXCUSED.has(answer.status)) return;
    if (answer.status === 200) ledger.answered(settlement, (answer.body.expired as string[] | undefined) ?? []);
    else if (errorOf(answer) === 'delivery_expired') ledger.answered(settlement, deliveries);
    else onFault(`${name}: ${action} was answered with ${answer.status} ${errorOf(answer)}`);
  }
}

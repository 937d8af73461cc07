import { mintToken } from '../../../server/src/auth/mint.ts';
import type { ChaosUser, ChaosUserOptions } from '../chaos-user.ts';
import { SECRET } from '../cluster.ts';
import { Dice } from '../dice.ts';
import type { Ledger } from '../ledger.ts';
import { until } from '../until.ts';
import { BackendApi } from './backend-api.ts';
import { GroupLedger, type Received } from './group-ledger.ts';
import { LeasingBackend } from './leasing-backend.ts';
import { readGroup, readLetters, readScheduled } from './read-results.ts';
import { type Behaviour, RequestLedger } from './request-ledger.ts';
import { askAndRecord, askOverHttp, RequestingUser } from './requesting-user.ts';
import { RespondingUser } from './responding-user.ts';
import { GROUPS, LATER } from './rules.ts';
import { ScheduleLedger } from './schedule-ledger.ts';
import { Scheduler } from './scheduler.ts';
import { Worker } from './worker.ts';

export interface CrewOptions extends Pick<ChaosUserOptions, 'choose' | 'nameOf' | 'onFault' | 'clock'> {
  readonly seed: number;
  readonly ledger: Ledger;
  /** Does the engine keep everything that it acknowledged? */
  readonly keeps: boolean;
  /** The API key of the gateways. */
  readonly apiKey: string;
  /** Numbers of messages and requests: none twice. */
  readonly nextNumber: () => number;
}

/** How many users there are of each kind. */
export const CREW_SIZE = { workers: 3, responders: 2, requesters: 2 };
/** Requests, and scheduled messages, for each message that is published. */
const REQUESTS = 0.1;
const SCHEDULES = 0.04;

const BEHAVIOURS: readonly Behaviour[] = ['reply', 'reply', 'reply', 'stream', 'stream', 'refuse', 'throw', 'slow'];

/** Everybody who works on messages: consumers, responders, requesters, and backends that lease and schedule. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #api: BackendApi;
  readonly #dice: Dice;
  readonly #groups: readonly GroupLedger[];
  readonly #requests = new RequestLedger();
  readonly #schedules: ScheduleLedger;
  readonly #scheduler: Scheduler;
  readonly #backends: readonly LeasingBackend[];
  readonly #workers: Worker[] = [];
  readonly #requesters: RequestingUser[] = [];
  users: readonly ChaosUser[] = [];
  #due = { requests: 0, schedules: 0 };
  #published = 0;

  constructor(options: CrewOptions) {
    const { choose, apiKey, seed, keeps, onFault } = options;
    // The gateways run on this machine, so this is their clock.
    const now = () => Date.now();
    this.#options = options;
    this.#api = new BackendApi(apiKey, choose);
    this.#dice = new Dice(seed);
    this.#groups = GROUPS.map((plan) => new GroupLedger(plan, now));
    this.#schedules = new ScheduleLedger({ now, keeps });
    this.#scheduler = new Scheduler({ api: this.#api, ledger: this.#schedules, dice: this.#dice, onFault });
    this.#backends = this.#groups
      .filter(({ plan }) => plan.group === 'queue')
      .map((ledger) => new LeasingBackend({ ...this.#shared, name: `backend of ${ledger.plan.channel}`, ledger }));
  }

  get #shared() {
    return { api: this.#api, dice: this.#dice, onFault: this.#options.onFault, onReceived: this.#received };
  }

  /** All logs and consumers must agree what is at a position. */
  #received = (channel: string, { epoch, offset, n }: Received, id: string): void => {
    const problem = this.#options.ledger.saw({ channel, epoch, offset, id, n });
    if (problem !== undefined) this.#options.onFault(`a consumer ${problem}`);
  };

  #ledgerOf = (channel: string, group: string): GroupLedger => {
    const found = this.#groups.find(({ plan }) => plan.channel === channel && plan.group === group);
    if (found === undefined) throw new Error(`no group ${group} of ${channel}`);
    return found;
  };

  async start(): Promise<void> {
    const dice = this.#dice;
    const requests = this.#requests;
    for (let at = 0; at < CREW_SIZE.workers; at++)
      this.#workers.push(
        new Worker({
          ...(await this.#user(`worker-${at}`)),
          ...this.#shared,
          groups: GROUPS,
          ledgerOf: this.#ledgerOf,
        }),
      );
    for (let at = 0; at < CREW_SIZE.requesters; at++)
      this.#requesters.push(new RequestingUser({ ...(await this.#user(`requester-${at}`)), requests }));
    const responders: RespondingUser[] = [];
    for (let at = 0; at < CREW_SIZE.responders; at++)
      responders.push(new RespondingUser({ ...(await this.#user(`responder-${at}`)), requests, dice }));
    this.users = [...this.#workers, ...this.#requesters, ...responders];
    await Promise.all(this.users.map((user) => user.start()));
    for (const backend of this.#backends) backend.start();
  }

  async #user(name: string): Promise<ChaosUserOptions> {
    const { choose, nameOf, onFault, clock } = this.#options;
    const token = await mintToken({ secret: SECRET, algorithm: 'HS256', expiresIn: 86_400_000, sub: name });
    return { name, token, choose, nameOf, onFault, clock };
  }

  /** A message was published: now and then there is a request, or something to schedule. */
  published(): void {
    const due = this.#due;
    for (due.requests += REQUESTS; due.requests >= 1; due.requests--) this.#ask(this.#dice.pick(BEHAVIOURS));
    for (due.schedules += SCHEDULES; due.schedules >= 1; due.schedules--)
      void this.#scheduler.schedule(this.#options.nextNumber());
  }

  #ask(behaviour: Behaviour): void {
    const question = { n: this.#options.nextNumber(), behaviour };
    const at = this.#dice.whole(0, this.#requesters.length);
    const user = this.#requesters[at];
    if (user === undefined) void this.#askOverHttp(question);
    else void user.ask(question);
  }

  #askOverHttp(question: { n: number; behaviour: Behaviour }): Promise<boolean> {
    const { onFault } = this.#options;
    return askAndRecord(question, {
      ask: (asked) => askOverHttp(this.#api, asked),
      requests: this.#requests,
      onFault: (text) => onFault(`backend: ${text}`),
    });
  }

  /** Everything works again: finishes all work. */
  async settle(): Promise<void> {
    for (const each of [...this.#workers, ...this.#backends]) each.isCalm = true;
    const requests = this.#requests;
    await until(() => requests.pending === 0, { what: () => `${requests.pending} requests have not ended` });
    await until(() => this.#scheduler.pending === 0, {
      what: () => `${this.#scheduler.pending} messages could not be scheduled`,
    });
    await this.#askAll();
    for (const { plan } of this.#groups) {
      let rest = '';
      const isDone = async () => {
        const { ready, inFlight, delayed } = await readGroup(this.#api, plan);
        rest = `${ready} ready, ${inFlight} in flight, ${delayed} delayed`;
        return ready + inFlight + delayed === 0;
      };
      await until(isDone, { what: () => `${plan.channel} ${plan.group} has messages that nobody finishes: ${rest}` });
    }
  }

  /** Each requester is answered again. */
  async #askAll(): Promise<void> {
    const askers = [
      ...this.#requesters.map((user) => ({ name: user.name, ask: user.ask.bind(user) })),
      { name: 'backend', ask: this.#askOverHttp.bind(this) },
    ];
    for (const { name, ask } of askers) {
      const isAnswered = () => ask({ n: this.#options.nextNumber(), behaviour: 'reply' });
      await until(isAnswered, { what: () => `${name}: its requests are not answered` });
    }
  }

  /** Checks what all of them have recorded, after `settle`. */
  async verdict(): Promise<string[]> {
    const problems: string[] = [];
    for (const group of this.#groups) problems.push(...(await this.#judgeGroup(group)));
    return [...problems, ...(await this.#judgeSchedules())];
  }

  async #judgeGroup(group: GroupLedger): Promise<string[]> {
    const { ledger, keeps } = this.#options;
    const { epoch } = await readGroup(this.#api, group.plan);
    const letters = await readLetters(this.#api, group.plan, epoch);
    const published = ledger.of(group.plan.channel, epoch);
    this.#published += published.length;
    const lost = [...group.lostMessages(published, letters), ...group.disorder()];
    // An engine that has lost its data may have letters of messages from before.
    return keeps ? [...lost, ...group.wrongLetters(letters)] : lost;
  }

  async #judgeSchedules(): Promise<string[]> {
    const schedules = this.#schedules;
    const missing = async () => {
      const published = new Set((await readScheduled(this.#api)).map(({ n }) => n));
      return schedules.owed.filter((n) => !published.has(n));
    };
    if (schedules.owed.length > 0)
      await until(async () => Date.now() > schedules.end, { what: () => 'not all is due' });
    // What is missing after that is in the verdict.
    await until(async () => (await missing()).length === 0, { within: 15_000, what: () => LATER }).catch(() => {});
    return schedules.verdict(await readScheduled(this.#api));
  }

  counts(): Record<string, number> {
    const sum = (of: (group: GroupLedger) => number) => this.#groups.reduce((total, group) => total + of(group), 0);
    const ends = [...this.#requests.counts].sort(([, a], [, b]) => b - a);
    return {
      'messages for groups': this.#published,
      deliveries: sum(({ deliveries }) => deliveries),
      redeliveries: sum(({ redeliveries }) => redeliveries),
      'settlements accepted': sum(({ settled }) => settled),
      ...Object.fromEntries(ends.map(([name, count]) => [`requests ${name}`, count])),
      'messages scheduled': this.#schedules.size,
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.stop()));
    await Promise.all(this.users.map((user) => user.end()));
  }
}

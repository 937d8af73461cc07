import type { Client, Message } from '@sluice/client';
import { type Consumer, consume, NackError } from '@sluice/client/queues';
import type { Command, ServerMessage } from '@sluice/protocol';
import { ChaosUser, type ChaosUserOptions, type SocketClass } from '../chaos-user.ts';
import type { Dice } from '../dice.ts';
import type { Payload } from '../ledger.ts';
import { pause } from '../until.ts';
import type { GroupLedger, Received, Settlement } from './group-ledger.ts';
import type { GroupPlan } from './rules.ts';
import { type Tap, tapped } from './tapped-socket.ts';

/** The ledger of a group. */
export type LedgerOf = (channel: string, group: string) => GroupLedger;

export interface WorkerOptions extends ChaosUserOptions {
  readonly groups: readonly GroupPlan[];
  readonly ledgerOf: LedgerOf;
  readonly dice: Dice;
  readonly onReceived: (channel: string, received: Received, messageId: string) => void;
}

/** A user that consumes groups with the SDK: some of its work fails, some takes longer than the delivery. */
export class Worker extends ChaosUser {
  readonly #options: WorkerOptions;
  #tap: ConsumerTap | undefined;
  #consumers: Consumer[] = [];
  /** Does all work succeed at once? */
  isCalm = false;

  constructor(options: WorkerOptions) {
    super(options);
    this.#options = options;
  }

  protected override get socketClass(): SocketClass {
    return tapped(() => {
      const { ledgerOf, onReceived } = this.#options;
      this.#tap = new ConsumerTap({ ledgerOf, onReceived, onFault: (text) => this.fault(text) });
      return this.#tap;
    });
  }

  override suffers(what: string): void {
    super.suffers(what);
    this.#tap?.isDisturbed();
  }

  protected use(client: Client): void {
    this.#consumers = this.#options.groups.map((plan) => {
      const channel = client.channel<Payload>(plan.channel);
      return consume(channel, ({ message }) => this.#work(message, plan), {
        group: plan.group,
        // Failures are part of the plan, and refusals while the engine is down are retried.
        onError: (error) => this.note(`${plan.channel} ${plan.group}: ${error.name}, ${error.message}`),
        onGap: ({ from, to, reason }) => this.note(`${plan.channel}: gap ${from.offset} to ${to.offset}, ${reason}`),
      });
    });
  }

  async #work({ data: { n } }: Message<Payload>, { mayDie }: GroupPlan): Promise<void> {
    const { dice } = this.#options;
    if (this.isCalm) return;
    const chance = dice.next();
    // Longer than the shortest time of a delivery, so it has to be extended.
    await pause(chance < 0.02 ? dice.whole(2_000, 3_000) : dice.whole(0, 20));
    if (this.isCalm || chance < 0.8) return;
    if (chance < 0.9) throw new Error(`cannot process ${n} now`);
    if (chance < 0.95 || !mayDie) throw new NackError(`not now: ${n}`, { delay: dice.whole(0, 500) });
    throw new NackError(`never: ${n}`, { dead: true });
  }

  /** Stops as a program does that is replaced: finishes what it has. */
  async finish(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }
}

interface TapOptions extends Pick<WorkerOptions, 'ledgerOf' | 'onReceived'> {
  readonly onFault: (text: string) => void;
}

interface Sent {
  readonly ledger: GroupLedger;
  readonly ids: readonly string[];
  /** `undefined`: they were extended. */
  readonly settlement?: Settlement;
}

/** Records the deliveries of one connection, and the settlements that it sends. */
class ConsumerTap implements Tap {
  readonly #options: TapOptions;
  readonly #sent = new Map<number, Sent>();
  readonly #ledgers = new Set<GroupLedger>();

  constructor(options: TapOptions) {
    this.#options = options;
  }

  sent(command: Command): void {
    const { type, id } = command;
    if (type !== 'ack' && type !== 'nack' && type !== 'extend') return;
    const { channel, group = '', deliveries: ids } = command;
    const ledger = this.#options.ledgerOf(channel, group);
    if (type === 'extend') this.#sent.set(id, { ledger, ids });
    else {
      const kind = type === 'nack' && command.dead ? 'dead' : type;
      this.#sent.set(id, { ledger, ids, settlement: ledger.settles(kind, ids) });
    }
  }

  received(message: ServerMessage): void {
    if (message.type === 'deliveries') this.#receive(message);
    else if (message.type === 'reply' || message.type === 'error') this.#answer(message);
  }

  #receive({ channel, group, epoch, deliveries }: Extract<ServerMessage, { type: 'deliveries' }>): void {
    const { ledgerOf, onReceived, onFault } = this.#options;
    const ledger = ledgerOf(channel, group);
    this.#ledgers.add(ledger);
    for (const { id, attempt, deadline, message } of deliveries) {
      const { n } = message.data as unknown as Payload;
      const received = { id, attempt, deadline, epoch, offset: message.offset, n, holder: this };
      const problem = ledger.received(received);
      if (problem !== undefined) onFault(problem);
      onReceived(channel, received, message.id);
    }
  }

  #answer(answer: Extract<ServerMessage, { type: 'reply' | 'error' }>): void {
    if (answer.id === undefined) return;
    const sent = this.#sent.get(answer.id);
    this.#sent.delete(answer.id);
    if (sent === undefined) return;
    const { ledger, ids, settlement } = sent;
    if (answer.type === 'error') {
      // Any other error, e.g. of an engine that is away, leaves it open whether they are settled.
      if (settlement !== undefined && answer.error.name === 'delivery_expired') ledger.answered(settlement, ids);
      return;
    }
    const { expired = [], deadline } = answer.result as { expired?: string[]; deadline?: number };
    if (settlement !== undefined) ledger.answered(settlement, expired);
    else if (deadline !== undefined)
      ledger.extended(
        ids.filter((id) => !expired.includes(id)),
        deadline,
      );
  }

  /** The gateway may notice the end of the connection before this side does. */
  isDisturbed(): void {
    for (const ledger of this.#ledgers) ledger.lost(this);
  }

  closed(): void {
    this.isDisturbed();
  }
}

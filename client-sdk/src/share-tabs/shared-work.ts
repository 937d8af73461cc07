import type {
  CancelCommand,
  Command,
  ConsumeCommand,
  Delivery,
  ExtendCommand,
  NackCommand,
  Push,
  ReplyCommand,
  RequestCommand,
  RespondCommand,
  SentRequest,
  StopCommand,
  UnrespondCommand,
} from '@sluice/protocol';
import type { Answer } from './forwarder.ts';
import type { GroupTab } from './group-tab.ts';

/** A command without its `id`. */
type Body<C extends Command> = Omit<C, 'id'>;
type OpenCommand = RespondCommand | ConsumeCommand;
type CloseCommand = UnrespondCommand | StopCommand;

/** A responder or consumer on the shared connection, and the tabs that it stands for. */
interface Registration {
  readonly command: OpenCommand;
  readonly tabs: Set<GroupTab>;
  /** Commands of tabs that wait for the answer. */
  readonly waiting: { readonly tab: GroupTab; readonly id: number }[];
  answer: Answer | undefined;
}

/** A request or a delivery that a tab has. */
interface Item {
  readonly tab: GroupTab;
  readonly registration: Registration;
  /** Gives it back, because the tab has disappeared. */
  giveBack(): void;
}

/** Sends a command on the shared connection. @returns its id there */
export type Send = (command: object, answered: (answer: Answer) => void) => number;

const nothing = () => {};

/**
 * Requests and queues over the shared connection, which has one responder per channel and one consumer
 * per group for all tabs. Each request or delivery goes to the tab that has the fewest. SPEC.md
 * sections 11 and 12.
 */
export class SharedWork {
  readonly #send: Send;
  // By kind, channel and group.
  readonly #registrations = new Map<string, Registration>();
  // By the request's or delivery's id.
  readonly #items = new Map<string, Item>();
  // Unanswered requests of the tabs, by their ids on the shared connection.
  readonly #requests = new Map<number, { readonly tab: GroupTab; readonly id: number }>();

  constructor(send: Send) {
    this.#send = send;
  }

  /** @returns whether the command is about requests or queues, and was executed */
  execute(tab: GroupTab, command: Command): boolean {
    switch (command.type) {
      case 'request':
        this.#request(tab, command);
        return true;
      case 'cancel':
        this.#cancel(tab, command.id, command.request);
        return true;
      case 'respond':
      case 'consume':
        this.#open(tab, command);
        return true;
      case 'unrespond':
      case 'stop':
        this.#close(tab, command);
        return true;
      case 'reply':
        this.#reply(tab, command);
        return true;
      case 'extend':
        this.#extend(tab, command);
        return true;
      case 'ack':
      case 'nack':
        this.#settle(tab, command, command.deliveries);
        return true;
      default:
        return false;
    }
  }

  /** @returns whether the push is about requests or queues, so that the upstream client must not see it */
  receive(push: Push): boolean {
    switch (push.type) {
      case 'replies': {
        const request = this.#requests.get(push.request);
        request?.tab.push({ ...push, request: request.id });
        return true;
      }
      case 'requests':
        this.#distribute(this.#registrations.get(keyOf({ type: 'respond', channel: push.channel })), push.requests, {
          idOf: ({ request }: SentRequest) => request,
          pushOf: (requests) => ({ ...push, requests }),
          giveBack: ({ request }) => this.#send(tabClosed(request), nothing),
        });
        return true;
      case 'deliveries': {
        const { channel, group } = push;
        this.#distribute(this.#consumerOf(push), push.deliveries, {
          idOf: ({ id }: Delivery) => id,
          pushOf: (deliveries) => ({ ...push, deliveries }),
          giveBack: ({ id }) =>
            this.#send(
              { type: 'nack', channel, group, deliveries: [id], delay: 0 } satisfies Body<NackCommand>,
              nothing,
            ),
        });
        return true;
      }
      case 'cancelled':
        this.#items.get(push.request)?.tab.push(push);
        this.#items.delete(push.request);
        return true;
      case 'group_gap':
        [...(this.#consumerOf(push)?.tabs ?? [])][0]?.push(push);
        return true;
      case 'unresponded':
        this.#end(this.#registrations.get(keyOf({ type: 'respond', channel: push.channel })), push);
        return true;
      case 'stopped':
        this.#end(this.#consumerOf(push), push);
        return true;
      default:
        return false;
    }
  }

  /**
   * A tab has gone.
   *
   * @param connected whether the shared connection is open, so that the gateway must be notified
   */
  leave(tab: GroupTab, connected: boolean): void {
    for (const [id, request] of this.#requests) {
      if (request.tab !== tab) continue;
      this.#requests.delete(id);
      if (connected) this.#send({ type: 'cancel', request: id } satisfies Body<CancelCommand>, nothing);
    }
    for (const [id, item] of this.#items) {
      if (item.tab !== tab) continue;
      this.#items.delete(id);
      if (connected) item.giveBack();
    }
    for (const [key, registration] of this.#registrations) {
      if (!registration.tabs.delete(tab) || registration.tabs.size > 0) continue;
      this.#registrations.delete(key);
      if (connected) this.#send(closeCommand(registration.command), nothing);
    }
  }

  #request(tab: GroupTab, command: RequestCommand): void {
    const id = this.#send(command, (answer) => {
      this.#requests.delete(id);
      tell(tab, command.id, answer);
    });
    this.#requests.set(id, { tab, id: command.id });
  }

  #cancel(tab: GroupTab, id: number, request: number): void {
    const found = [...this.#requests].find(([, sent]) => sent.tab === tab && sent.id === request);
    if (found)
      this.#send({ type: 'cancel', request: found[0] } satisfies Body<CancelCommand>, (answer) =>
        tell(tab, id, answer),
      );
    else tab.reply(id, {});
  }

  #open(tab: GroupTab, command: OpenCommand): void {
    const key = keyOf(command);
    const known = this.#registrations.get(key);
    // The gateway refuses the second of one tab.
    if (known?.tabs.has(tab)) {
      this.#send(command, (answer) => tell(tab, command.id, answer));
      return;
    }
    const registration = known ?? { command, tabs: new Set(), waiting: [], answer: undefined };
    registration.tabs.add(tab);
    if (registration.answer) tell(tab, command.id, registration.answer);
    else registration.waiting.push({ tab, id: command.id });
    if (known) return;
    this.#registrations.set(key, registration);
    this.#send(command, (answer) => {
      registration.answer = answer;
      if (answer.type === 'error' && this.#registrations.get(key) === registration) this.#registrations.delete(key);
      for (const { tab: waiting, id } of registration.waiting.splice(0)) tell(waiting, id, answer);
    });
  }

  #close(tab: GroupTab, command: CloseCommand): void {
    const key = keyOf({ ...command, type: command.type === 'stop' ? 'consume' : 'respond' });
    const registration = this.#registrations.get(key);
    registration?.tabs.delete(tab);
    if (registration && registration.tabs.size > 0) {
      tab.reply(command.id, {});
      return;
    }
    this.#registrations.delete(key);
    this.#send(command, (answer) => tell(tab, command.id, answer));
  }

  #settle(tab: GroupTab, command: Command, ids: readonly string[]): void {
    for (const id of ids) this.#items.delete(id);
    this.#send(command, (answer) => tell(tab, command.id, answer));
  }

  #reply(tab: GroupTab, command: ReplyCommand): void {
    if (!command.more) this.#items.delete(command.request);
    this.#send(command, (answer) => {
      // The tab sends no last reply to it.
      if (answer.type === 'error' && answer.error.name === 'request_ended') this.#items.delete(command.request);
      tell(tab, command.id, answer);
    });
  }

  /** The tab abandons what has expired, and does not settle it. */
  #extend(tab: GroupTab, command: ExtendCommand): void {
    this.#send(command, (answer) => {
      for (const id of expiredOf(command, answer)) this.#items.delete(id);
      tell(tab, command.id, answer);
    });
  }

  #distribute<T>(
    registration: Registration | undefined,
    items: readonly T[],
    { idOf, pushOf, giveBack }: { idOf(item: T): string; pushOf(items: readonly T[]): Push; giveBack(item: T): void },
  ): void {
    for (const item of items) {
      const tab = registration && this.#leastBusy(registration);
      if (registration && tab) {
        this.#items.set(idOf(item), { tab, registration, giveBack: () => giveBack(item) });
        tab.push(pushOf([item]));
      } else giveBack(item);
    }
  }

  #leastBusy({ tabs }: Registration): GroupTab | undefined {
    const items = [...this.#items.values()];
    const loads = [...tabs].map((tab) => ({ tab, load: items.filter((item) => item.tab === tab).length }));
    return loads.sort((a, b) => a.load - b.load)[0]?.tab;
  }

  #consumerOf({ channel, group }: { readonly channel: string; readonly group: string }): Registration | undefined {
    return [...this.#registrations.values()].find(
      ({ command, answer }) =>
        command.type === 'consume' &&
        command.channel === channel &&
        answer?.type === 'reply' &&
        'group' in answer.result &&
        answer.result.group === group,
    );
  }

  /** The gateway has taken back what the tabs have of it. */
  #end(registration: Registration | undefined, push: Push): void {
    if (!registration) return;
    this.#registrations.delete(keyOf(registration.command));
    for (const [id, item] of this.#items) if (item.registration === registration) this.#items.delete(id);
    for (const tab of registration.tabs) tab.push(push);
  }
}

function keyOf(command: { readonly type: string; readonly channel: string; readonly group?: string }): string {
  return `${command.type} ${command.channel} ${command.group ?? ''}`;
}

/** The deliveries that an answer to `extend` reports as expired. SPEC.md section 4.17. */
function expiredOf({ deliveries }: ExtendCommand, answer: Answer): readonly string[] {
  if (answer.type === 'error') return answer.error.name === 'delivery_expired' ? deliveries : [];
  return ('expired' in answer.result && answer.result.expired) || [];
}

function closeCommand(command: OpenCommand): Body<CloseCommand> {
  const { channel } = command;
  if (command.type === 'respond') return { type: 'unrespond', channel };
  return { type: 'stop', channel, ...(command.group !== undefined && { group: command.group }) };
}

/** The reply of a tab that disappeared with the request. */
function tabClosed(request: string): Body<ReplyCommand> {
  return { type: 'reply', request, error: { code: 'tab_closed' } };
}

/** Passes an answer of the gateway to a tab. */
export function tell(tab: GroupTab, id: number, answer: Answer): void {
  if (answer.type === 'reply') tab.reply(id, answer.result);
  else tab.refuse(id, answer.error);
}

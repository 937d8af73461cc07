import { type Message, matches, matchPattern } from '@sluice/protocol';
import type { Log } from '../engine/engine.ts';
import type { GroupStore } from '../engine/groups.ts';
import type { EventBus } from '../events.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import type { Clock } from '../util/clock.ts';
import type { WebhookConfig, WebhookEventType } from '../webhook.ts';
import { Control, type Halt } from './control.ts';
import { EventLog } from './event-log.ts';
import { Recorder } from './recorder.ts';
import { Sender, type SenderStatus } from './sender.ts';
import { SenderLease } from './sender-lease.ts';
import type { WebhookEvent } from './webhook-event.ts';

export interface EndpointParts {
  readonly log: Log;
  readonly groups: GroupStore;
  readonly client: HttpClient;
  readonly events: EventBus;
  readonly clock: Clock;
}

/** What is the same on all nodes. */
export interface EndpointBacklog {
  /** Events that the endpoint has not received. */
  readonly lag: number;
  /** Age of the oldest of them, in ms; 0: there is none. */
  readonly oldest: number;
  readonly halt: Halt | null;
}

/** An endpoint on this node: it stores events, and sends them if this node is the sender. */
export class Endpoint {
  #config: WebhookConfig;
  readonly #parts: EndpointParts;
  readonly #log: EventLog;
  readonly #recorder: Recorder;
  readonly #control: Control;
  readonly #sender: Sender;

  constructor(config: WebhookConfig, parts: EndpointParts) {
    const { log, groups, clock, events } = parts;
    const now = () => clock.now();
    this.#config = config;
    this.#parts = parts;
    this.#log = new EventLog({ config, log, groups, now });
    this.#control = new Control(log, config.name, now);
    this.#recorder = new Recorder({ log: this.#log, events, clock, onStored: () => this.#sender.stored() });
    const lease = new SenderLease({ name: config.name, log, groups, clock });
    this.#sender = new Sender({ ...parts, config, log: this.#log, control: this.#control, lease });
  }

  get config(): WebhookConfig {
    return this.#config;
  }

  /** Applies another configuration of the same name, also to the events that are stored. */
  configure(config: WebhookConfig): void {
    this.#config = config;
    this.#log.configure(config);
    this.#sender.configure(config);
  }

  start(): void {
    this.#sender.start();
  }

  async close(): Promise<void> {
    await this.#recorder.close();
    await this.#sender.close();
  }

  wants(type: WebhookEventType, channel?: string): boolean {
    const { events, channels } = this.config;
    return (
      events.includes(type) && (channel === undefined || channels.some((one) => matchPattern(one, channel) !== null))
    );
  }

  /** Does it want this message? */
  wantsMessage(channel: string, message: Message): boolean {
    return this.wants('message.published', channel) && matches(this.config.where, message, channel);
  }

  record(event: WebhookEvent): void {
    this.#recorder.record(event);
  }

  get status(): SenderStatus {
    return this.#sender.status;
  }

  async backlog(): Promise<EndpointBacklog> {
    const { ready, inFlight, delayed, oldest } = await this.#log.stats();
    const age = oldest === null ? 0 : Math.max(0, this.#parts.clock.now() - oldest);
    return { lag: ready + inFlight + delayed, oldest: age, halt: await this.#control.read() };
  }

  async halt(halt: 'paused' | null): Promise<void> {
    await this.#control.write(halt);
  }

  /** Sends again what was stored since a time. */
  replay(since: number): Promise<number> {
    return this.#log.replay(since);
  }

  /** An operator has changed something, on whichever node. */
  changed(): Promise<void> {
    return this.#sender.changed();
  }
}

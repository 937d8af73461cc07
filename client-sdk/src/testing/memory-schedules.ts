import type { Json, ScheduleCommand, ScheduleResult, Tags, UnscheduleCommand } from '@sluice/protocol';
import type { ChannelContract } from '@sluice/protocol/contracts';
import type { MemoryChannel } from './memory-channel.ts';
import { Refused } from './refused.ts';

/** A message that a client has scheduled. */
export interface WaitingMessage {
  readonly id: string;
  /** When it is due: milliseconds since the Unix epoch. */
  readonly at: number;
  readonly channel: string;
  readonly data: Json;
  readonly event?: string;
  readonly tags?: Tags;
  /** Milliseconds after its publication in which it expires. */
  readonly ttl?: number;
  /** The user who scheduled it. */
  readonly from?: string;
}

interface Waiting extends WaitingMessage {
  readonly target: MemoryChannel;
}

interface Author {
  readonly user: string | null;
}

/** Scheduled messages. No time passes here: they wait until the test publishes them. SPEC.md section 13. */
export class MemorySchedules {
  #waiting: Waiting[] = [];
  readonly #keys = new Map<string, ScheduleResult>();
  #count = 0;

  /** In the order of their times. */
  get waiting(): readonly WaitingMessage[] {
    return this.#waiting.map(({ target: _, ...message }) => message);
  }

  /** @param data the checked value */
  schedule(
    { user }: Author,
    target: MemoryChannel,
    { command, contract, data }: { command: ScheduleCommand; contract: ChannelContract | undefined; data: Json },
  ): ScheduleResult {
    const { event, tags, ttl, key, delay = 0, at = Date.now() + delay } = command;
    if (contract !== undefined && contract.rule?.schedule === undefined) {
      throw new Refused('command_invalid', `the rule of "${target.name}" has no "schedule"`);
    }
    target.life.check(ttl);
    const scope = `${target.name} ${user} ${key}`;
    const before = key === undefined ? undefined : this.#keys.get(scope);
    if (before !== undefined) return before;
    if (at < Date.now()) throw new Refused('command_invalid', '"at" is in the past');
    const result = { id: `scheduled-${++this.#count}`, at };
    if (key !== undefined) this.#keys.set(scope, result);
    this.#waiting.push({
      ...{ ...result, channel: target.name, data, target },
      ...(event !== undefined && { event }),
      ...(tags !== undefined && { tags }),
      ...(ttl !== undefined && { ttl }),
      ...(user !== null && { from: user }),
    });
    this.#waiting.sort((a, b) => a.at - b.at);
    return result;
  }

  unschedule({ user }: Author, { channel, message }: UnscheduleCommand): void {
    const isIt = (one: Waiting) => one.id === message && one.channel === channel && one.from === (user ?? undefined);
    if (user === null || !this.#waiting.some(isIt)) {
      throw new Refused('not_scheduled', `no message "${message}" of yours waits on "${channel}"`);
    }
    this.#waiting = this.#waiting.filter((one) => !isIt(one));
    // A message that was withdrawn does not count. SPEC.md section 13.
    for (const [scope, { id }] of this.#keys) if (id === message) this.#keys.delete(scope);
  }

  /** Publishes what is due until a time, in the order of the times. */
  publish(until: number): void {
    const due = this.#waiting.filter(({ at }) => at <= until);
    this.#waiting = this.#waiting.filter(({ at }) => at > until);
    for (const { target, data, event, tags, ttl, from } of due) {
      target.append(data, {
        ...(event !== undefined && { event }),
        ...(tags !== undefined && { tags }),
        ...(ttl !== undefined && { ttl }),
        ...(from !== undefined && { from }),
      });
    }
  }
}

import type { Position } from '@sluice/protocol';
import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { parseDeliveryId } from '../delivery-id.ts';
import type {
  Claim,
  Claimable,
  ClaimRequest,
  DeadPage,
  GroupGap,
  GroupOptions,
  GroupRef,
  GroupStats,
  GroupStore,
  OrderBy,
  Outcome,
  Settled,
} from '../groups.ts';
import { readClaim, readDeadPage, readStats } from './group-answers.ts';
import {
  BURY,
  CLAIM,
  CONFIRM_GAPS,
  DEAD,
  FENCE,
  MOVE,
  REDRIVE,
  RENEW,
  SETTLE_GROUP,
  STATS,
  WATCH,
} from './group-operations.ts';
import { keysOfGroup } from './group-scripts.ts';
import { EPOCH_KEPT, type RedisLog } from './redis-log.ts';
import type { Script } from './script.ts';
import type { Keys, Shard } from './shard.ts';

export interface RedisGroupsOptions {
  readonly log: RedisLog;
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
  readonly clock: Clock;
}

/** For operations that need no options. */
const ANY_OPTIONS: GroupOptions = {
  ackTimeout: 0,
  maxDeliveries: 0,
  backoff: [],
  orderBy: null,
  maxUnacked: 0,
  maxSettled: 0,
  start: 'oldest',
  queue: false,
  expires: null,
};

/** Dead letters that one script makes ready again. */
const REDRIVE_PAGE = 200;

/** Consumer groups in Redis: every operation is one script, so nodes share them. */
export class RedisGroups implements GroupStore {
  readonly #options: RedisGroupsOptions;
  readonly #age: AgeClock;
  /** Groups that have consumers on this node, by channel, with the options of their latest claim. */
  readonly #watched = new Map<string, Map<string, GroupOptions>>();
  #claimable: Claimable = () => {};

  constructor(options: RedisGroupsOptions) {
    this.#options = options;
    this.#age = new AgeClock(options.clock);
  }

  start(claimable: Claimable): void {
    this.#claimable = claimable;
  }

  async watch(ref: GroupRef): Promise<void> {
    const { channel, group } = ref;
    const groups = this.#watched.get(channel);
    if (groups !== undefined) groups.set(group, groups.get(group) ?? ANY_OPTIONS);
    else await this.#listen(channel, group);
    await this.#run(ref, ANY_OPTIONS, { script: WATCH });
  }

  /** If the subscription fails, the feed opens it later; until then, a consumer claims after `Claim.wait`. */
  async #listen(channel: string, group: string): Promise<void> {
    this.#watched.set(channel, new Map([[group, ANY_OPTIONS]]));
    const listener = {
      message: (name: string) => this.#announce(channel, name),
      restored: () => this.#announce(channel, ''),
    };
    const { feed } = this.#options.shardOf(channel);
    await feed.subscribe(this.#feedName(channel), listener, { last: true }).catch(() => {});
  }

  /** @param name of a group; empty: any */
  #announce(channel: string, name: string): void {
    for (const group of this.#watched.get(channel)?.keys() ?? [])
      if (name === '' || name === group) this.#claimable(channel, group);
  }

  unwatch({ channel, group }: GroupRef): void {
    const groups = this.#watched.get(channel);
    if (groups?.delete(group) !== true || groups.size > 0) return;
    this.#watched.delete(channel);
    this.#options.shardOf(channel).feed.unsubscribe(this.#feedName(channel));
  }

  /** Called several times a minute: a group with consumers does not expire, though they may have no room to claim. */
  async beat(): Promise<void> {
    for (const [channel, groups] of this.#watched) {
      for (const [group, options] of groups) {
        if (options.expires === null) continue;
        await this.#run({ channel, group }, options, { script: RENEW }).catch(() => {}); // with the next beat
      }
    }
  }

  async fence(ref: GroupRef, options: GroupOptions, fence: string): Promise<void> {
    await this.#run(ref, options, { script: FENCE, values: [fence] });
  }

  async claim(ref: GroupRef, options: GroupOptions, request: ClaimRequest): Promise<Claim> {
    const { token, max, maxLength, fence = '' } = request;
    const watched = this.#watched.get(ref.channel);
    if (watched?.has(ref.group)) watched.set(ref.group, options);
    const answer = await this.#run(ref, options, { script: CLAIM, values: [token, max, maxLength, fence] });
    const { claim, newest } = readClaim(answer, token);
    // If Redis loses a delivered message, its offset must not be reused in this epoch.
    this.#options.log.confirm(ref.channel, { epoch: claim.epoch, head: newest.offset, id: newest.id });
    return claim;
  }

  async settle(ref: GroupRef, options: GroupOptions, ids: readonly string[], outcome: Outcome): Promise<Settled> {
    const parsed = ids.map(parseDeliveryId);
    const deliveries = parsed.flatMap((id) => (id === null ? [] : [id.offset, id.token, id.epoch]));
    const values = [...outcomeValues(outcome), ...deliveries];
    const answer = await this.#run(ref, options, { script: SETTLE_GROUP, values });
    const [dead, accepted] = answer as [number, number[]];
    const results = accepted.values();
    return { accepted: parsed.map((id) => id !== null && results.next().value === 1), dead };
  }

  async confirmGaps(ref: GroupRef, gaps: readonly GroupGap[]): Promise<void> {
    const values = gaps.flatMap(({ from, to }) => [from.epoch, from.offset, to.epoch, to.offset]);
    await this.#run(ref, ANY_OPTIONS, { script: CONFIRM_GAPS, values });
  }

  async stats(ref: GroupRef, options: GroupOptions): Promise<GroupStats> {
    return readStats(await this.#run(ref, options, { script: STATS }));
  }

  async seek(ref: GroupRef, options: GroupOptions, offset: number): Promise<Position> {
    const answer = await this.#run(ref, options, { script: MOVE, values: [offset] });
    const [epoch, reached] = answer as [string, string];
    return { epoch, offset: Number(reached) };
  }

  async dead(ref: GroupRef, after: number, limit: number): Promise<DeadPage> {
    return readDeadPage(await this.#run(ref, ANY_OPTIONS, { script: DEAD, values: [after, limit] }));
  }

  async bury(ref: GroupRef, ordinals: readonly number[]): Promise<number> {
    return Number(await this.#run(ref, ANY_OPTIONS, { script: BURY, values: ordinals }));
  }

  async redrive(ref: GroupRef, options: GroupOptions, ordinals: readonly number[] | null): Promise<number> {
    if (ordinals === null) return this.#redriveAll(ref, options);
    const [redriven] = (await this.#run(ref, options, { script: REDRIVE, values: ordinals })) as [number, string];
    return redriven;
  }

  /** By page: a script holds up all others. Letters that die meanwhile are redriven too. */
  async #redriveAll(ref: GroupRef, options: GroupOptions): Promise<number> {
    let total = 0;
    for (let after = '0-0'; after !== ''; ) {
      const answer = await this.#run(ref, options, { script: REDRIVE, values: ['*', after, REDRIVE_PAGE] });
      const [redriven, last] = answer as [number, string];
      total += redriven;
      after = last;
    }
    return total;
  }

  #feedName(channel: string): string {
    return this.#options.keys.of(channel, 'groups');
  }

  #run(
    ref: GroupRef,
    options: GroupOptions,
    { script, values = [] }: { script: Script; values?: readonly (string | number)[] },
  ): Promise<unknown> {
    const { log, shardOf, keys, clock } = this.#options;
    const { commands, publish } = shardOf(ref.channel);
    const { meta, messages, life, doubted } = log.argumentsOf(ref.channel);
    return commands.run(
      script,
      [meta, messages, ...keysOfGroup(keys, ref)],
      [publish, EPOCH_KEPT, life, doubted, this.#age.now(), clock.now(), ...optionValues(options), ...values],
    );
  }
}

/** See `OPERATION`. */
function optionValues(options: GroupOptions): readonly string[] {
  const { ackTimeout, maxDeliveries, maxUnacked, start, queue, expires, orderBy, backoff } = options;
  const { maxSettled = Number.MAX_SAFE_INTEGER } = options;
  const seed = Math.floor(Math.random() * 2 ** 31);
  const words = [ackTimeout, maxDeliveries, maxUnacked, start, queue ? 'queue' : '-', expires ?? -1, seed, maxSettled];
  return [words.join(' '), orderValue(orderBy), backoff.join(',')];
}

function orderValue(orderBy: OrderBy | null): string {
  if (orderBy === null) return '';
  return orderBy.kind === 'all' ? '*' : `:${orderBy.tag}`;
}

/** Outcome, delay or grace, and error. */
function outcomeValues(outcome: Outcome): readonly (string | number)[] {
  const wait = outcome.type === 'release' ? outcome.grace : outcome.type === 'nack' ? outcome.delay : undefined;
  const error = 'error' in outcome ? outcome.error : undefined;
  return [outcome.type, wait === undefined ? '' : Math.floor(wait), error === undefined ? '' : `:${error}`];
}

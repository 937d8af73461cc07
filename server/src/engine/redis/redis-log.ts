import type { ExpectedHead, PublishResult } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import type { ChannelNames } from '../channel-names.ts';
import type { AppendOptions, EngineListener, Entry, Log, Page } from '../engine.ts';
import { WEIGHED } from '../estimate-bytes.ts';
import type { QueueBounds } from '../groups.ts';
import { writeContent } from '../message-json.ts';
import { SOURCE_KEPT, sourceKey } from '../source-position.ts';
import type { LogArguments } from './append-batch.ts';
import { AppendQueue } from './append-queue.ts';
import type { Feed } from './feed.ts';
import { keysOfGroup } from './group-scripts.ts';
import { Heads, type KnownHead } from './heads.ts';
import { LogIndex } from './log-index.ts';
import { PURGE, READ, SEEK, VERIFY, WEIGH } from './log-scripts.ts';
import { type Announcement, readAnnouncement, readMessage } from './message-text.ts';
import type { Script } from './script.ts';
import type { Keys, Shard } from './shard.ts';
import { SharedReads } from './shared-reads.ts';

/** Milliseconds for which Redis keeps the epoch of an unused log: a day. */
export const EPOCH_KEPT = 86_400_000;
/** Milliseconds by which what expires in Redis outlives what expires by the clocks of the nodes. */
const MARGIN = 60_000;

export interface RedisLogOptions {
  readonly shards: readonly Shard[];
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
  readonly clock: Clock;
}

type Raw = readonly [
  epoch: string,
  head: string,
  first: string,
  entries: readonly [string, readonly string[]][],
  purged: string,
];

/** The logs of all channels, each a stream and a little hash in Redis. */
export class RedisLog implements Log {
  readonly #options: RedisLogOptions;
  readonly #age: AgeClock;
  readonly #heads = new Heads();
  readonly #reads = new SharedReads();
  readonly #index: LogIndex;
  readonly #queues = new Map<Shard, AppendQueue>();
  readonly #life = nanoid(10);
  readonly #watched = new Set<string>();
  /** Of watched channels: the latest that was announced here, or read when the watch began. */
  readonly #announced = new Map<string, { epoch: string; head: number }>();
  #lives = 0;
  listener: EngineListener = { deliver: () => {} };

  constructor(options: RedisLogOptions) {
    this.#options = options;
    this.#age = new AgeClock(options.clock);
    this.#index = new LogIndex(options);
  }

  /** Channels with a cursor on this node. */
  get watched(): ReadonlySet<string> {
    return this.#watched;
  }

  append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    const { keys, shardOf } = this.#options;
    const { queue, expected, source, retention } = options;
    if (retention !== null) this.#index.note(channel);
    const key = keyOf(options);
    const content = writeContent(entry);
    return this.#appends(shardOf(channel)).append(channel, {
      id: entry.id,
      content,
      settings: settingsOf(entry, content.length, options),
      tags: entry.tags === undefined ? NO_TAGS : Object.entries(entry.tags).flat(),
      expected: expected === undefined ? NO_HEAD : headWords(expected),
      key: key === undefined ? undefined : keys.of(channel, `key:${key}`),
      position: source?.position,
      group: queue === undefined ? undefined : keysOfGroup(keys, { channel, group: queue.group }),
    });
  }

  #appends(shard: Shard): AppendQueue {
    const known = this.#queues.get(shard);
    if (known !== undefined) return known;
    const queue = new AppendQueue({
      shard,
      open: (channel) => this.argumentsOf(channel),
      preamble: () => [shard.publish, EPOCH_KEPT, MARGIN, this.#age.now()],
      confirmed: (channel, { epoch, offset, id }) => this.#heads.confirm(channel, { epoch, head: offset, id }),
    });
    this.#queues.set(shard, queue);
    return queue;
  }

  /** Are there appends without an answer? */
  get isAppending(): boolean {
    return [...this.#queues.values()].some(({ isWaiting }) => isWaiting);
  }

  /** Sends what was appended in this turn. */
  flush(): void {
    for (const queue of this.#queues.values()) queue.flush();
    this.#index.flush();
  }

  read(channel: string, after: number, limit: number): Promise<Page> {
    return this.#reads.share(`${channel} ${after} ${limit}`, () => this.#read(channel, after, limit));
  }

  async #read(channel: string, after: number, limit: number): Promise<Page> {
    const answer = await this.#run(channel, READ, [after, limit, this.#age.now()]);
    const [epoch, head, first, entries, purged] = answer as Raw;
    const stored = entries.map(([id, [, time, , , , rest]]) =>
      readMessage(rest ?? '', Number.parseInt(id, 10), Number(time)),
    );
    const newest = stored.find(({ message }) => message.offset === Number(head));
    this.#heads.confirm(channel, { epoch, head: Number(head), id: newest?.id ?? '' });
    const messages = stored.map(({ message }) => message);
    const page = { epoch, head: Number(head), first: Number(first), messages };
    return purged === '0' ? page : { ...page, purged: Number(purged) };
  }

  async seek(channel: string, time: number): Promise<number> {
    return Number(await this.#run(channel, SEEK, [time, this.#age.now()]));
  }

  async purge(channel: string, upTo: number): Promise<void> {
    await this.#run(channel, PURGE, [upTo]);
  }

  async bytes(channel: string): Promise<number> {
    return Number(await this.#run(channel, WEIGH, [WEIGHED, this.#age.now()]));
  }

  channels(from: string, most: number): Promise<ChannelNames> {
    return this.#index.channels(from, most);
  }

  watch(channel: string): Promise<void> {
    this.#watched.add(channel);
    return this.#feedOf(channel)
      .subscribe(this.#feedName(channel), {
        message: (text) => this.#receive(channel, text),
        restored: () => {
          this.doubt();
          this.listener.interrupted?.(channel);
        },
      })
      .catch((error: unknown) => {
        this.#watched.delete(channel);
        throw error;
      });
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#announced.delete(channel);
    this.#feedOf(channel).unsubscribe(this.#feedName(channel));
  }

  #receive(channel: string, text: string): void {
    // JSON contains no line breaks.
    for (const line of text.split('\n')) this.#announce(channel, readAnnouncement(line));
  }

  #announce(channel: string, { epoch, message, id }: Announcement): void {
    if (message !== null) {
      const head = message.offset;
      this.#heads.update(channel, { epoch, head, id });
      this.#announced.set(channel, { epoch, head });
      this.listener.deliver(channel, epoch, message);
      return;
    }
    // A new epoch began without a message: watchers of the old one must be notified.
    const known = this.#heads.get(channel);
    if (known !== undefined && known.epoch !== epoch) this.listener.interrupted?.(channel);
  }

  /** Redis has compared the known head, and has a message that was delivered. */
  confirm(channel: string, head: KnownHead): void {
    this.#heads.confirm(channel, head);
  }

  /** Redis was away: its answers are compared with what this node knows. */
  doubt(): void {
    this.#heads.doubt();
  }

  /**
   * Checks that no message of a watched channel was missed, and keeps its epoch from expiring. An
   * announcement may be lost while the connection lives, and Redis may have lost an announced
   * message.
   */
  async check(channel: string): Promise<void> {
    const { epoch, head } = await this.#verify(channel);
    if (this.#hasHeard(channel, epoch, head)) return;
    await this.#feedOf(channel).sync(); // pending announcements are not lost
    if (this.#watched.has(channel) && !this.#hasHeard(channel, epoch, head)) this.listener.interrupted?.(channel);
  }

  #hasHeard(channel: string, epoch: string, head: number): boolean {
    const known = this.#announced.get(channel);
    return known === undefined || (known.epoch === epoch && known.head >= head);
  }

  async #verify(channel: string): Promise<{ epoch: string; head: number }> {
    const answer = await this.#run(channel, VERIFY, []);
    const [epoch, text] = answer as [string, string];
    const head = Number(text);
    this.#heads.confirm(channel, { epoch, head, id: '' });
    return { epoch, head };
  }

  #feedOf(channel: string): Feed {
    return this.#options.shardOf(channel).feed;
  }

  #feedName(channel: string): string {
    return this.#options.keys.of(channel, 'feed');
  }

  #run(channel: string, script: Script, values: readonly (string | number)[]): Promise<unknown> {
    const { commands, publish } = this.#options.shardOf(channel);
    const { meta, messages, life, doubted } = this.argumentsOf(channel);
    return commands.run(script, [meta, messages], [publish, EPOCH_KEPT, life, doubted, ...values]);
  }

  /** The log of a channel as this node knows it. */
  argumentsOf(channel: string): LogArguments {
    const { keys } = this.#options;
    const known = this.#heads.get(channel);
    return {
      meta: keys.of(channel, 'meta'),
      messages: keys.of(channel, 'log'),
      life: `${this.#nextEpoch()} ${known?.epoch ?? '-'} ${known?.head ?? 0}`,
      doubted: this.#heads.isDoubtful(channel) ? (known?.id ?? '') : '',
    };
  }

  /** For the life that a script may have to begin: no other script gets the same. */
  #nextEpoch(): string {
    return `${this.#life}.${(++this.#lives).toString(36)}`;
  }
}

/** Names what is remembered of the message. */
const keyOf = ({ key, source }: AppendOptions): string | undefined => (source === undefined ? key : sourceKey(source));

const NO_TAGS: readonly string[] = [];
const NO_HEAD: readonly string[] = [];

const headWords = ({ epoch, offset }: ExpectedHead): readonly string[] =>
  epoch === undefined ? [`${offset}`] : [`${offset}`, epoch];

/** What the script needs to know of an entry: `[count, age, window, time, length, tags, key, queue, head]`. */
function settingsOf({ time, tags }: Entry, length: number, options: AppendOptions): string {
  const { retention, source, queue, expected } = options;
  const window = source === undefined ? options.window : SOURCE_KEPT;
  const kept = retention === null ? '-1,0' : `${retention.count},${retention.age}`;
  const count = tags === undefined ? 0 : Object.keys(tags).length;
  const head = expected === undefined ? 0 : headWords(expected).length;
  return `[${kept},${window},${time},${length},${count},${keyedBy(options)},${queue === undefined ? 0 : boundOf(queue)},${head}]`;
}

function keyedBy({ key, source, renews }: AppendOptions): number {
  if (source !== undefined) return 2;
  if (key === undefined) return 0;
  return renews === true ? 3 : 1;
}

const boundOf = ({ maxLength, overflow }: QueueBounds): number => (overflow === 'reject' ? maxLength : -maxLength);

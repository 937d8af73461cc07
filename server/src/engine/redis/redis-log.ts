import type { PublishResult } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import type { AppendOptions, EngineListener, Entry, Log, Page } from '../engine.ts';
import { writeContent } from '../message-json.ts';
import type { Feed } from './feed.ts';
import { Heads } from './heads.ts';
import { APPEND, READ, SEEK, VERIFY } from './log-scripts.ts';
import { readAnnouncement, readMessage } from './message-text.ts';
import type { Script } from './script.ts';
import type { Keys, Shard } from './shard.ts';
import { SharedReads } from './shared-reads.ts';

/** Milliseconds for which Redis keeps the epoch of an unused log: a day. */
const EPOCH_KEPT = 86_400_000;
/** Milliseconds by which what expires in Redis outlives what expires by the clocks of the nodes. */
const MARGIN = 60_000;

export interface RedisLogOptions {
  readonly shardOf: (channel: string) => Shard;
  readonly keys: Keys;
  readonly clock: Clock;
}

type Raw = readonly [epoch: string, head: string, first: string, entries: readonly [string, readonly string[]][]];

/** The logs of all channels, each a stream and a little hash in Redis. */
export class RedisLog implements Log {
  readonly #options: RedisLogOptions;
  readonly #age: AgeClock;
  readonly #heads = new Heads();
  readonly #reads = new SharedReads();
  readonly #life = nanoid(10);
  readonly #watched = new Set<string>();
  /** Of watched channels: the latest that was announced here, or read when the watch began. */
  readonly #announced = new Map<string, { epoch: string; head: number }>();
  #lives = 0;
  listener: EngineListener = { deliver: () => {} };

  constructor(options: RedisLogOptions) {
    this.#options = options;
    this.#age = new AgeClock(options.clock);
  }

  /** Channels with a cursor on this node. */
  get watched(): ReadonlySet<string> {
    return this.#watched;
  }

  async append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    const { retention, key, window } = options;
    const more = key === undefined ? [] : [this.#options.keys.of(channel, `key:${key}`)];
    const answer = await this.#run(channel, APPEND, {
      more,
      values: [
        ...[entry.id, entry.time, writeContent(entry)],
        ...[retention?.count ?? -1, retention?.age ?? 0, window, MARGIN, this.#age.now()],
      ],
    });
    const [epoch, offset, id] = answer as [string, string, string];
    const result = { id, epoch, offset: Number(offset) };
    this.#heads.confirm(channel, { epoch, head: result.offset, id });
    return result;
  }

  read(channel: string, after: number, limit: number): Promise<Page> {
    return this.#reads.share(`${channel} ${after} ${limit}`, () => this.#read(channel, after, limit));
  }

  async #read(channel: string, after: number, limit: number): Promise<Page> {
    const answer = await this.#run(channel, READ, { values: [after, limit, this.#age.now()] });
    const [epoch, head, first, entries] = answer as Raw;
    const messages = entries.map(([id, [, time, , , , rest]]) =>
      readMessage(rest ?? '', Number.parseInt(id, 10), Number(time)),
    );
    const newest = messages.find(({ offset }) => offset === Number(head));
    this.#heads.confirm(channel, { epoch, head: Number(head), id: newest?.message.id ?? '' });
    return { epoch, head: Number(head), first: Number(first), messages };
  }

  async seek(channel: string, time: number): Promise<number> {
    return Number(await this.#run(channel, SEEK, { values: [time, this.#age.now()] }));
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
    const { epoch, message } = readAnnouncement(text);
    if (message !== null) {
      this.#heads.update(channel, { epoch, head: message.offset, id: message.message.id });
      this.#announced.set(channel, { epoch, head: message.offset });
      this.listener.deliver(channel, epoch, message);
      return;
    }
    // A new epoch began without a message: watchers of the old one must be notified.
    const known = this.#heads.get(channel);
    if (known !== undefined && known.epoch !== epoch) this.listener.interrupted?.(channel);
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
    const answer = await this.#run(channel, VERIFY, { values: [] });
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

  #run(
    channel: string,
    script: Script,
    { more = [], values }: { more?: readonly string[]; values: readonly (string | number)[] },
  ): Promise<unknown> {
    const { keys, shardOf } = this.#options;
    const { commands, publish } = shardOf(channel);
    const known = this.#heads.get(channel);
    const names = [keys.of(channel, 'meta'), keys.of(channel, 'log'), ...more];
    const life = [
      this.#feedName(channel),
      publish,
      this.#nextEpoch(),
      known?.epoch ?? '',
      known?.head ?? 0,
      EPOCH_KEPT,
    ];
    const asked = this.#heads.isDoubtful(channel) ? (known?.id ?? '') : '';
    return commands.run(script, names, [...life, asked, ...values]);
  }

  /** For the life that a script may have to begin: no other script gets the same. */
  #nextEpoch(): string {
    return `${this.#life}.${(++this.#lives).toString(36)}`;
  }
}

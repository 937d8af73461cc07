import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublishResult } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import { AgeClock } from '../../util/age-clock.ts';
import { type Clock, systemClock, type Timer } from '../../util/clock.ts';
import type { ChannelNames } from '../channel-names.ts';
import {
  type AppendOptions,
  type Engine,
  type EngineListener,
  EngineUnavailable,
  type Entry,
  HeadMoved,
  type Log,
  type Page,
  QueueFull,
  type Signal,
} from '../engine.ts';
import type { QueueBounds } from '../groups.ts';
import { LoggedMessage } from '../logged-message.ts';
import { MemoryNodes } from '../memory/memory-nodes.ts';
import { MemoryPresence } from '../memory/memory-presence.ts';
import type { RevocationStore } from '../revocations.ts';
import { AppendJob, CopyingJob } from './append-job.ts';
import { type About, type Appending, type Batch, epochOf, type Placed } from './batch.ts';
import { explainDamage } from './check-file.ts';
import { DataDirectory, RESTORED } from './directory.ts';
import { DurableRevocations } from './durable-revocations.ts';
import { DurableGroups } from './groups/durable-groups.ts';
import type { OpenOptions } from './journal/journaled-store.ts';
import { findChannel, listChannels, readPage, seekTime, weigh } from './log-reader.ts';
import { openStore } from './open-store.ts';
import { ABOUT, encodeMessage, PROBE } from './records.ts';
import type { Store } from './store.ts';
import { Sweep } from './sweep.ts';
import { Writer } from './writer.ts';

export interface DurableOptions {
  /** Folder of its files; of one process at a time. */
  readonly data: string;
  /** Maximum bytes of all channels on disk; `null`: no limit but the disk. */
  readonly maxSize?: number | null;
  readonly clock?: Clock;
  /** Process that has to be stopped before another may have the folder; this one by default. */
  readonly holder?: number;
  /** What is put under it in tests. */
  readonly openStore?: (path: string, options: OpenOptions) => Promise<Store>;
}

/** What there is between start and close. */
interface Open {
  readonly directory: DataDirectory;
  readonly store: Store;
  readonly writer: Writer;
  readonly revocations: DurableRevocations;
  readonly sweep: Sweep;
}

/** Milliseconds between two steps of the sweep, and between two of which the first had more to do than it might. */
const SWEEP = 1_000;
const SWEEP_ON = 20;

/**
 * Logs on this machine's disk: acknowledged messages survive a crash of the process and of the
 * machine; epochs last.
 */
export class DurableEngine implements Engine, Log {
  readonly name = 'durable';
  readonly log: Log = this;
  readonly copies = true;
  readonly forgetsMembers = true;
  readonly presence: MemoryPresence;
  readonly revocations: RevocationStore = {
    add: async (revocation) => this.#opened().revocations.add(revocation),
    all: async () => this.#opened().revocations.all(),
    page: async (after, limit) => this.#opened().revocations.page(after, limit),
  };
  readonly groups: DurableGroups;
  readonly nodes = new MemoryNodes();
  readonly #options: DurableOptions;
  readonly #clock: Clock;
  readonly #age: AgeClock;
  /** Watched channels, with the generation that was promised if there is no message yet. */
  readonly #watched = new Map<string, number>();
  #open: Open | undefined;
  #listener: EngineListener = { deliver: () => {} };
  #timer: Timer | undefined;

  constructor(options: DurableOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#age = new AgeClock(this.#clock);
    this.presence = new MemoryPresence(this.#clock);
    this.groups = new DurableGroups({
      clock: this.#clock,
      store: () => this.#opened().store,
      write: async (plan) => submit(this.#opened().writer, plan),
    });
  }

  get trouble(): string | undefined {
    return this.#open?.writer.trouble;
  }

  async start(listener: EngineListener): Promise<void> {
    this.#listener = listener;
    const { data, holder } = this.#options;
    const open = this.#options.openStore ?? openStore;
    const directory = await DataDirectory.take(data, { ...(holder !== undefined && { holder }) });
    let store: Store | undefined;
    try {
      const found = await directory.examine();
      store = await open(directory.store, {
        onLoss: async (reason) => {
          found.push(await directory.beginAgain(reason));
        },
      });
      this.#open = this.#assemble(directory, store, await readAbout(store, { data, directory }));
      for (const advice of [...found, ...(await directory.settle())]) listener.warn?.(advice);
    } catch (error) {
      // Why it could not start is worth more than why it could not be closed.
      await store?.close().catch(() => {});
      await directory.release();
      throw error;
    }
    this.#open.revocations.onAdded = (revocation) => this.signal({ type: 'revoke', revocation });
    this.#timer = this.#clock.after(SWEEP, this.#tidy);
  }

  #assemble(directory: DataDirectory, store: Store, about: About): Open {
    const { maxSize = null } = this.#options;
    const promised = (channel: string) => this.#watched.get(channel);
    const writer = new Writer({ store, about, promised, maxSize, clock: this.#clock });
    const write = (plan: (batch: Batch) => void) => submit(writer, plan);
    const revocations = readOrExplain(
      directory,
      'the revocations',
      () => new DurableRevocations({ store, clock: this.#clock, write }),
    );
    const isWatched = (channel: string) => this.#watched.has(channel);
    const sweep = new Sweep({ store, isWatched, groups: this.groups });
    return { directory, store, writer, revocations, sweep };
  }

  signal(signal: Signal): void {
    this.#listener.signal?.(signal);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.presence.close();
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    await open.writer.close();
    try {
      await open.store.close();
    } finally {
      await open.directory.release();
    }
  }

  append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    if (options.queue !== undefined) return this.#enqueue(channel, entry, { ...options, queue: options.queue });
    return this.#submit({ channel, entry, body: encodeMessage(entry), options });
  }

  async #enqueue(channel: string, entry: Entry, options: AppendOptions & { queue: QueueBounds }) {
    const { queue } = options;
    const admit = (batch: Batch) => this.groups.admit(batch, channel, queue);
    try {
      return await this.#submit({ channel, entry, body: encodeMessage(entry), options, admit });
    } catch (error) {
      const isUnchanged = error instanceof QueueFull || error instanceof HeadMoved;
      if (!isUnchanged) this.groups.forgetLater({ channel, group: queue.group });
      throw error;
    }
  }

  #submit(appending: Appending): Promise<PublishResult> {
    const { copies } = appending.options;
    return new Promise((resolve, refuse) => {
      const callbacks = { appending, announce: this.#announce, resolve, refuse };
      const job = copies === undefined ? new AppendJob(callbacks) : new CopyingJob(callbacks, copies);
      this.#opened().writer.submit(job);
    });
  }

  readonly #announce = ({ channel, entry }: Appending, { result, time }: Placed): void => {
    if (time === undefined) return;
    this.groups.appended(channel);
    if (!this.#watched.has(channel)) return;
    this.#listener.deliver(channel, result.epoch, LoggedMessage.of({ ...entry, time, offset: result.offset }));
  };

  #opened(): Open {
    if (this.#open === undefined) throw new EngineUnavailable('the engine is closed');
    return this.#open;
  }

  read(channel: string, after: number, limit: number): Page | Promise<Page> {
    return this.#ask(({ store, writer }) => {
      const record = findChannel(store, channel);
      const epoch = epochOf(writer.about, record?.generation ?? this.#generation(channel));
      if (record === undefined) return { epoch, head: 0, first: 1, messages: [] };
      return { epoch, ...readPage(store, record, { after, limit, now: this.#age.now() }) };
    });
  }

  /** Reports a throw of the store in the same way as a rejected promise. */
  #ask<T>(read: (open: Open) => T): T | Promise<T> {
    try {
      return read(this.#opened());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** That a channel gets when it is made. */
  #generation(channel: string): number {
    return this.#watched.get(channel) ?? this.#opened().writer.about.generation;
  }

  seek(channel: string, time: number): number | Promise<number> {
    return this.#ask(({ store }) => {
      const record = findChannel(store, channel);
      return record === undefined ? 0 : seekTime(store, record, { time, now: this.#age.now() });
    });
  }

  purge(channel: string, upTo: number): Promise<void> {
    return this.#ask(({ writer }) => submit(writer, (batch) => batch.purge(channel, upTo))) as Promise<void>;
  }

  bytes(channel: string): number | Promise<number> {
    return this.#ask(({ store }) => {
      const record = findChannel(store, channel);
      return record === undefined ? 0 : weigh(store, record, this.#age.now());
    });
  }

  channels(from: string, most: number): ChannelNames | Promise<ChannelNames> {
    return this.#ask(({ store }) => listChannels(store, { from, most, now: this.#age.now() }));
  }

  watch(channel: string): void | Promise<void> {
    return this.#ask(({ store, writer }) => {
      this.#watched.set(channel, findChannel(store, channel)?.generation ?? writer.about.generation);
    });
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
  }

  /** One step of the sweep. After a disk failure it also checks whether writing works again. */
  readonly #tidy = (): void => {
    const open = this.#open;
    if (open === undefined) return;
    let again = false;
    let forgotten = (): void => {};
    const next = () => {
      if (this.#open === open) this.#timer = this.#clock.after(again ? SWEEP_ON : SWEEP, this.#tidy);
    };
    this.groups.release();
    const failing = open.writer.trouble !== undefined;
    const plan = (batch: Batch) => {
      const now = this.#age.now();
      again = open.sweep.step(batch, now, { careful: failing });
      forgotten = open.revocations.forget(batch, now);
      if (failing) batch.put({ table: 'about', key: PROBE, value: Buffer.from(String(now)) });
    };
    // The writer reports failures as its trouble.
    submit(open.writer, plan, { probe: true })
      .then(() => forgotten())
      .then(next, next);
  };
}

function submit(writer: Writer, plan: (batch: Batch) => void, options: { probe?: boolean } = {}): Promise<void> {
  return new Promise((resolve, refuse) => {
    writer.submit({ bytes: 0, plan, done: resolve, refuse }, options);
  });
}

/** Reads the store's description. A new store, or one restored from a backup, begins a new life. */
async function readAbout(
  store: Store,
  { data, directory }: { data: string; directory: DataDirectory },
): Promise<About> {
  const about = readOrExplain(directory, 'its record of itself', () => {
    const stored = store.get('about', ABOUT);
    return stored === undefined ? undefined : (JSON.parse(stored.toString()) as About);
  });
  const marker = join(data, RESTORED);
  const restored = await stat(marker).then(
    () => true,
    () => false,
  );
  if (about !== undefined && !restored) return about;
  const begun = { generation: 1, nextChannel: 1, nextRevocation: 1, ...about, life: nanoid(10) };
  await store.write([{ table: 'about', key: ABOUT, value: Buffer.from(JSON.stringify(begun)) }]);
  await rm(marker, { force: true });
  return begun;
}

/** What cannot be read at the start was damaged on disk. */
function readOrExplain<T>(directory: DataDirectory, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(explainDamage(directory.store, `${what} cannot be read`), { cause: error });
  }
}

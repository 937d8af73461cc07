import type { Channel, Client, Gap, Message, SluiceError, Subscription, SubscriptionState } from '@sluice/client';
import type { PersonState } from '../person-state.ts';
import type { ReadMarks } from '../read-marks.ts';
import { seenBy } from '../seen-by.ts';
import { buildRows, type Entry, type Outgoing, textOf } from '../timeline.ts';
import { Activity } from './activity.svelte.ts';
import { Company } from './company.svelte.ts';

/** Messages shown on entry, and fetched with each older page. */
const PAGE = 50;

/** Entries kept in the page; older ones are read again from the log when somebody scrolls up. */
const KEPT = 500;

/** For so long a gap stands alone, so that whoever looks sees the break before what comes after it; in milliseconds. */
const BREAK = 400;

/** What lies before the oldest message shown: more of the log, its very beginning, or what is no longer kept. */
export type Earlier = 'unknown' | 'more' | 'loading' | 'beginning' | 'cut';

interface RoomData {
  readonly text: string;
}

/** What a screen reader is told, once. */
export interface News {
  readonly from: string | undefined;
  readonly text: string;
}

interface RoomSetup {
  readonly user: string;
  readonly marks: ReadMarks;
}

/** One room: its messages as they come, those on their way out, and what has been read. */
export class Room {
  readonly name: string;
  readonly channel: string;
  readonly #setup: RoomSetup;
  readonly #stream: Channel<unknown, PersonState>;
  #subscription: Subscription | undefined;
  /** Who else is here. */
  readonly company: Company;
  /** What they are about. */
  readonly activity: Activity;

  /** What is being written; it stays when one looks into another room. */
  draft = $state('');
  unread = $state(0);
  state = $state<SubscriptionState>('subscribing');
  /** Messages that have come since it began to catch up. */
  caught = $state(0);
  /** Messages were lost while nobody looked. */
  broken = $state(false);
  /** Why the room may not be read, or its history not be loaded. */
  error = $state.raw<SluiceError | undefined>();
  earlier = $state<Earlier>('unknown');
  /** The last message of somebody else that came while live. */
  news = $state.raw<News | undefined>();
  #entries = $state.raw<readonly Entry[]>([]);
  #outbox = $state.raw<readonly Outgoing[]>([]);
  #newSince = $state<string | undefined>();
  #firstUnread: string | undefined;
  #visible = false;
  /** Is somebody at the end of the conversation? Then old entries may go without anything moving under their eyes. */
  #atEnd = true;
  #caughtUp = false;
  #gaps = 0;

  readonly rows = $derived(
    buildRows({ entries: this.#entries, outbox: this.#outbox, user: this.#user, newSince: this.#newSince }),
  );

  /** After which message somebody else has stopped reading. */
  readonly seenBy = $derived.by(() =>
    seenBy({ entries: this.#entries, readTo: this.activity.readTo, people: this.company.others }),
  );

  constructor(name: string, client: Client, setup: RoomSetup) {
    const { user } = setup;
    this.name = name;
    this.#stream = client.channel<unknown, PersonState>(`chat:${name}`);
    this.channel = this.#stream.name;
    this.#setup = setup;
    this.company = new Company(this.#stream.presence, {
      user,
      heard: (other, state) => this.activity.hear(other, state),
      left: (other) => this.activity.forget(other),
    });
    this.activity = new Activity(client.channel(`typing:${name}`), {
      user,
      settled: (state) => this.company.update(state),
    });
    this.subscribe();
  }

  /** Subscribes, where no subscription stands; after a break it goes on from where it was. */
  subscribe(): void {
    if (this.#subscription !== undefined && this.state !== 'ended' && this.state !== 'denied') return;
    const position = this.#subscription?.position;
    this.state = 'subscribing';
    this.#subscription = this.#stream.subscribe((message) => this.#receive(message), {
      ...(position === undefined ? { rewind: PAGE } : { position }),
      onGap: (gap) => this.#break(gap),
      onState: (state) => this.#follow(state),
      onError: (error) => {
        this.error = error;
      },
    });
    // onState and onError tell what becomes of it.
    this.#subscription.ready.catch(() => {});
  }

  unsubscribe(): void {
    this.#subscription?.unsubscribe();
  }

  /** One is in this room, be the window looked at or not: present for the others. Again after the client was closed. */
  enter(): void {
    this.activity.enter();
    this.company.enter(this.activity.settled);
  }

  leave(): void {
    this.activity.leave();
    this.company.leave();
  }

  /** The room comes into view, or goes out of it. In view, what arrives counts as read. */
  show(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    if (visible) {
      this.#newSince = this.#firstUnread;
      this.broken = false;
      this.#markRead();
    } else {
      this.#newSince = undefined;
    }
  }

  /** Tells whether the end of the conversation is on screen. */
  stayAtEnd(atEnd: boolean): void {
    this.#atEnd = atEnd;
  }

  /** Shows the message at once, and sends it. */
  send(text: string): Promise<void> {
    const item: Outgoing = {
      key: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      text,
      time: Date.now(),
      status: 'sending',
    };
    this.#outbox = [...this.#outbox, item];
    this.activity.typed(false);
    return this.#publish(item);
  }

  /** Sends a failed message again. The same key: had it arrived after all, it does not appear twice. */
  retry(key: string): Promise<void> | undefined {
    const item = this.#outbox.find((candidate) => candidate.key === key);
    if (item?.status !== 'failed') return undefined;
    const { error: _, ...again } = item;
    this.#replace({ ...again, status: 'sending' });
    return this.#publish(item);
  }

  /** Gives a failed message up. */
  discard(key: string): void {
    this.#outbox = this.#outbox.filter((item) => item.key !== key);
  }

  /** Reads the page of the log before the oldest message shown. */
  async loadEarlier(): Promise<void> {
    const oldest = this.#entries.find((entry) => entry.kind === 'message')?.message;
    if (oldest === undefined || this.earlier !== 'more') return;
    this.earlier = 'loading';
    try {
      const page = await this.#stream.history({ before: oldest.offset, limit: PAGE });
      const entries = page.epoch === oldest.epoch ? page.messages.map(entryOf) : [];
      this.#entries = [...entries, ...this.#entries];
      const reached = entries[0]?.message.offset ?? oldest.offset;
      // Another epoch is another log: its offsets say nothing about what came before these.
      if (page.epoch === oldest.epoch && reached > page.first && entries.length > 0) this.earlier = 'more';
      else this.earlier = reached === 1 ? 'beginning' : 'cut';
    } catch (error) {
      this.error = error as SluiceError;
      this.earlier = 'more';
    }
  }

  get #user(): string {
    return this.#setup.user;
  }

  async #publish({ key, text }: Outgoing): Promise<void> {
    const data: RoomData = { text };
    try {
      // The tag finds the message again when the room's own subscription hands it out, before or after the reply.
      const { offset } = await this.#stream.publish(data, { event: 'message', key, tags: { nonce: key } });
      const item = this.#outbox.find((candidate) => candidate.key === key);
      if (item !== undefined) this.#replace({ ...item, status: 'delivered', offset });
    } catch (error) {
      const item = this.#outbox.find((candidate) => candidate.key === key);
      if (item !== undefined) this.#replace({ ...item, status: 'failed', error: error as SluiceError });
    }
  }

  #replace(item: Outgoing): void {
    this.#outbox = this.#outbox.map((other) => (other.key === item.key ? item : other));
  }

  #receive(message: Message<unknown>): void {
    const own = this.#outbox.find((item) => item.key === message.tags?.nonce);
    if (own !== undefined) this.discard(own.key);
    // Keeping the key keeps the element on the page: what was sent does not flicker when it arrives.
    const entry = { ...entryOf(message), ...(own !== undefined && { key: own.key }) };
    this.#append(entry);
    if (this.state === 'catching-up') this.caught++;
    if (message.from !== undefined) this.activity.forget(message.from);
    if (message.from === this.#user) {
      this.#read(message);
      return;
    }
    // What comes while catching up is too much to be read out.
    if (this.state === 'live') this.news = { from: message.from, text: textOf(message.data) };
    this.#count(entry.key, message);
  }

  #count(key: string, message: Message<unknown>): void {
    // On a first visit history is no news.
    const known = this.#caughtUp || this.#setup.marks.has(this.channel);
    if (this.#visible) this.#read(message);
    else if (known && this.#setup.marks.isUnread(message)) {
      if (this.unread === 0) this.#firstUnread = key;
      this.unread++;
    }
  }

  #append(entry: Entry): void {
    const entries = [...this.#entries, entry];
    const surplus = entries.length - KEPT;
    if (surplus <= 0 || (this.#visible && !this.#atEnd)) this.#entries = entries;
    else {
      this.#entries = entries.slice(surplus);
      this.earlier = 'more';
    }
  }

  #break(gap: Gap): Promise<void> {
    this.#append({ kind: 'gap', key: `gap ${this.#gaps++}`, gap });
    this.broken = !this.#visible;
    return new Promise((resolve) => setTimeout(resolve, BREAK));
  }

  #follow(state: SubscriptionState): void {
    if (state === 'catching-up' && this.state !== 'gap') this.caught = 0;
    this.state = state;
    if (state !== 'live') return;
    this.error = undefined;
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    const oldest = this.#entries.find((entry) => entry.kind === 'message')?.message;
    this.earlier = oldest === undefined || oldest.offset === 1 ? 'beginning' : 'more';
    if (!this.#setup.marks.has(this.channel)) this.#markRead();
  }

  #markRead(): void {
    this.unread = 0;
    this.#firstUnread = undefined;
    const newest = this.#entries.findLast((entry) => entry.kind === 'message')?.message;
    if (newest !== undefined) this.#read(newest);
  }

  #read(message: Message<unknown>): void {
    this.#setup.marks.read(message);
    if (this.#visible) this.activity.read(message);
  }
}

function entryOf(message: Message<unknown>) {
  return { kind: 'message', key: message.id, message } as const;
}

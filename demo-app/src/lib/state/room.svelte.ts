import type { Client, Message, SluiceError, SubscriptionState } from '@sluice/client';
import type { Outbox } from '@sluice/client/outbox';
import { type LiveMessages, liveMessages } from '@sluice/client/svelte';
import type { ReadMarks } from '../read-marks.ts';
import { seenBy } from '../seen-by.ts';
import { buildRows, type Row, textOf } from '../timeline.ts';
import { Activity } from './activity.svelte.ts';
import { Company } from './company.svelte.ts';
import { Sending } from './sending.svelte.ts';

/** Messages shown on entry, and fetched with each older page. */
const PAGE = 50;

/** Entries kept in the page; older ones are read again from the log when somebody scrolls up. */
const KEPT = 500;

/** For so long a gap stands alone, so that whoever looks sees the break before what comes after it; in milliseconds. */
const BREAK = 400;

/** What lies before the oldest message shown: more of the log, its very beginning, or what is no longer kept. */
export type Earlier = 'unknown' | 'more' | 'loading' | 'beginning' | 'cut';

/** What a screen reader is told, once. */
export interface News {
  readonly from: string | undefined;
  readonly text: string;
}

/** What all rooms have in common. */
export interface RoomSetup {
  readonly user: string;
  readonly marks: ReadMarks;
  readonly outbox: Outbox;
}

/** One room: its messages as they come, those on their way out, and what has been read. */
export class Room {
  readonly name: string;
  readonly channel: string;
  readonly #setup: RoomSetup;
  readonly #live: LiveMessages;
  /** Who else is here. */
  readonly company: Company;
  /** What they are about. */
  readonly activity: Activity;
  /** What is on its way from here. */
  readonly sending: Sending;

  /** What is being written; it stays when one looks into another room. */
  draft = $state('');
  unread = $state(0);
  /** Messages that have come since it began to catch up. */
  caught = $state(0);
  /** Messages were lost while nobody looked. */
  broken = $state(false);
  /** The last message of somebody else that came while live. */
  news = $state.raw<News | undefined>();
  #newSince = $state<string | undefined>();
  #caughtUp = $state(false);
  #firstUnread: string | undefined;
  #visible = false;
  /** Is somebody at the end of the conversation? Then old entries may go without anything moving under their eyes. */
  #atEnd = true;
  #letGo: (() => void) | undefined;
  /** Messages by their id that were sent from here, with the keys that they had on their way. */
  readonly #sent = new Map<string, string>();

  /** Keeping the key keeps the element on the page: what was sent does not flicker when it arrives. */
  readonly #entries = $derived.by(() =>
    this.#live.entries.map((entry) => {
      const key = this.#sent.get(entry.key);
      return key === undefined ? entry : { ...entry, key };
    }),
  );

  #shown: readonly Row[] = [];
  readonly rows = $derived.by(() => {
    this.#shown = buildRows({
      entries: this.#entries,
      outbox: this.sending.list,
      user: this.#user,
      newSince: this.#newSince,
      shown: this.#shown,
    });
    return this.#shown;
  });

  /** After which message somebody else has stopped reading. */
  readonly seenBy = $derived.by(() =>
    seenBy({ entries: this.#entries, readTo: this.activity.readTo, people: this.company.others }),
  );

  constructor(name: string, client: Client, setup: RoomSetup) {
    const { user } = setup;
    this.name = name;
    this.channel = `chat:${name}`;
    this.#setup = setup;
    this.sending = new Sending(setup.outbox, this.channel);
    this.company = new Company(client, this.channel, {
      user,
      heard: (other, state) => this.activity.hear(other, state),
      left: (other) => this.activity.forget(other),
    });
    this.activity = new Activity(client, {
      room: name,
      user,
      settled: (state) => this.company.update(state),
    });
    this.#live = liveMessages(client, this.channel, {
      rewind: PAGE,
      page: PAGE,
      keep: KEPT,
      onMessage: (message, state) => this.#receive(message, state),
      onGap: () => this.#break(),
      onState: (state) => this.#follow(state),
    });
    this.#live.start();
  }

  get state(): SubscriptionState {
    return this.#live.state;
  }

  /** Why the room may not be read, or its history not be loaded. */
  get error(): SluiceError | undefined {
    return this.#live.error;
  }

  get earlier(): Earlier {
    if (!this.#caughtUp) return 'unknown';
    if (this.#live.loading) return 'loading';
    const [oldest] = this.#live.messages;
    if (oldest === undefined || oldest.offset === 1) return 'beginning';
    return this.#live.hasOlder ? 'more' : 'cut';
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
    this.#holdOn();
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
    this.#holdOn();
  }

  /** Shows the message at once, and sends it as soon as it can be. */
  send(text: string): void {
    this.sending.send(text);
    this.activity.typed(false);
  }

  /** Reads the page of the log before the oldest message shown. */
  loadEarlier(): Promise<void> {
    return this.#live.loadOlder();
  }

  get #user(): string {
    return this.#setup.user;
  }

  /** While somebody reads further up, nothing goes from above. */
  #holdOn(): void {
    if (this.#visible && !this.#atEnd) this.#letGo ??= this.#live.hold();
    else {
      this.#letGo?.();
      this.#letGo = undefined;
    }
  }

  #receive(message: Message, state: SubscriptionState): void {
    if (state === 'catching-up') this.caught++;
    if (message.from !== undefined) this.activity.forget(message.from);
    if (message.from === this.#user) {
      const { nonce } = message.tags ?? {};
      if (nonce !== undefined && this.sending.arrive(nonce)) this.#sent.set(message.id, nonce);
      this.#read(message);
      return;
    }
    // What comes while catching up is too much to be read out.
    if (state === 'live') this.news = { from: message.from, text: textOf(message.data) };
    this.#count(message);
  }

  #count(message: Message): void {
    // On a first visit history is no news.
    const known = this.#caughtUp || this.#setup.marks.has(this.channel);
    if (this.#visible) this.#read(message);
    else if (known && this.#setup.marks.isUnread(message)) {
      if (this.unread === 0) this.#firstUnread = message.id;
      this.unread++;
    }
  }

  #break(): Promise<void> {
    this.broken = !this.#visible;
    return new Promise((resolve) => setTimeout(resolve, BREAK));
  }

  #follow(state: SubscriptionState): void {
    if (state !== 'live') return;
    this.caught = 0;
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    if (!this.#setup.marks.has(this.channel)) this.#markRead();
  }

  #markRead(): void {
    this.unread = 0;
    this.#firstUnread = undefined;
    const newest = this.#live.messages.at(-1);
    if (newest !== undefined) this.#read(newest);
  }

  #read(message: Message): void {
    this.#setup.marks.read(message);
    if (this.#visible) this.activity.read(message);
  }
}

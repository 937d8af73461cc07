import type { Client, Message, SluiceError, SubscriptionState } from '@sluice/client';
import type { Outbox } from '@sluice/client/outbox';
import { type LiveMessages, liveMessages } from '@sluice/client/svelte';
import type { ReadMarks } from '../read-marks.ts';
import { seenBy } from '../seen-by.ts';
import { buildRows, type Row, textOf } from '../timeline.ts';
import { Activity } from './activity.svelte.ts';
import { RoomPresence } from './room-presence.svelte.ts';
import { Sending } from './sending.svelte.ts';

/** Number of messages shown on entry, and of each older page. */
const PAGE = 50;

/** Number of entries kept in the page. Scrolling up reads older ones from the log again. */
const KEPT = 500;

/** How long a gap is shown alone, so that the user notices it before the next messages, in milliseconds. */
const BREAK = 400;

/** What precedes the oldest shown message: more of the log, its beginning, or messages that are no longer kept. */
export type Earlier = 'unknown' | 'more' | 'loading' | 'beginning' | 'cut';

/** An announcement for a screen reader. */
export interface News {
  readonly from: string | undefined;
  readonly text: string;
}

/** The dependencies that all rooms share. */
export interface RoomSetup {
  readonly user: string;
  readonly marks: ReadMarks;
  readonly outbox: Outbox;
}

/** One room: its messages, its outgoing messages, and its read marks. */
export class Room {
  readonly name: string;
  readonly channel: string;
  readonly #setup: RoomSetup;
  readonly #live: LiveMessages;
  /** The members of the room. */
  readonly presence: RoomPresence;
  /** Typing and read positions of the members. */
  readonly activity: Activity;
  /** The outgoing messages. */
  readonly sending: Sending;

  /** The text in the composer. It is kept while another room is in view. */
  draft = $state('');
  unread = $state(0);
  /** Number of messages received during catch-up. */
  caught = $state(0);
  /** Messages were lost while the room was not in view. */
  broken = $state(false);
  /** The last live message of another user. */
  news = $state.raw<News | undefined>();
  #newSince = $state<string | undefined>();
  #caughtUp = $state(false);
  #firstUnread: string | undefined;
  #visible = false;
  /** Is the conversation scrolled to its end? Then old entries can be removed without moving the visible ones. */
  #atEnd = true;
  #release: (() => void) | undefined;
  /** Messages that this window sent: from their id to their key in the outbox. */
  readonly #sent = new Map<string, string>();

  /** A sent message keeps its key when it arrives, so that its element does not flicker. */
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

  /** The read marks of other users by message. */
  readonly seenBy = $derived.by(() =>
    seenBy({ entries: this.#entries, readTo: this.activity.readTo, people: this.presence.others }),
  );

  constructor(name: string, client: Client, setup: RoomSetup) {
    const { user } = setup;
    this.name = name;
    this.channel = `chat:${name}`;
    this.#setup = setup;
    this.sending = new Sending(setup.outbox, this.channel);
    this.presence = new RoomPresence(client, this.channel, {
      user,
      stateChanged: (other, state) => this.activity.update(other, state),
      left: (other) => this.activity.forget(other),
    });
    this.activity = new Activity(client, {
      room: name,
      user,
      settled: (state) => this.presence.update(state),
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

  /** The error of the subscription or of loading history. */
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

  /** Enters the room, whether or not the window is visible, and again after the client was closed. */
  enter(): void {
    this.activity.enter();
    this.presence.enter(this.activity.settled);
  }

  leave(): void {
    this.activity.leave();
    this.presence.leave();
  }

  /** The room comes into view or leaves it. In view, arriving messages count as read. */
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

  /** Sets whether the end of the conversation is on screen. */
  stayAtEnd(atEnd: boolean): void {
    this.#atEnd = atEnd;
    this.#holdOn();
  }

  /** Shows the message at once, and sends it as soon as possible. */
  send(text: string): void {
    this.sending.send(text);
    this.activity.typed(false);
  }

  /** Reads the page of the log before the oldest shown message. */
  loadEarlier(): Promise<void> {
    return this.#live.loadOlder();
  }

  get #user(): string {
    return this.#setup.user;
  }

  /** Removes nothing from the top while the user has scrolled up. */
  #holdOn(): void {
    if (this.#visible && !this.#atEnd) this.#release ??= this.#live.hold();
    else {
      this.#release?.();
      this.#release = undefined;
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
    // Messages during catch-up are too many to announce.
    if (state === 'live') this.news = { from: message.from, text: textOf(message.data) };
    this.#count(message);
  }

  #count(message: Message): void {
    // On a first visit, history is not new.
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

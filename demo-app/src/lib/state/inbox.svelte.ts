import type { Client, Gap, Message } from '@sluice/client';
import { segment } from '@sluice/client/contracts';
import { type Entry, type LiveMessages, liveMessages } from '@sluice/client/svelte';
import { readNotification } from '../notification.ts';
import type { ReadMarks } from '../read-marks.ts';

/** Maximum number of notifications in the panel. */
const KEPT = 50;

const TOAST_TIME = 7000;
const TOASTS = 3;

/** A notification, or a gap notice. */
export type InboxItem =
  | {
      readonly kind: 'notification';
      readonly key: string;
      readonly time: number;
      readonly title: string;
      readonly body: string;
      readonly unread: boolean;
    }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap };

export type Notification = Extract<InboxItem, { kind: 'notification' }>;

/** The notifications of a user: the channel `user:<name>`, which no other user may read. */
export class Inbox {
  readonly #live: LiveMessages;
  readonly #marks: ReadMarks;
  #unread = $state.raw<ReadonlySet<string>>(new Set());
  #toasts = $state.raw<readonly Notification[]>([]);
  #open = $state(false);
  #wasLive = false;

  /** Newest first. */
  readonly items = $derived.by(() => this.#live.entries.map((entry) => this.#itemOf(entry)).reverse());
  readonly unread = $derived(this.items.filter((item) => item.kind === 'notification' && item.unread).length);

  constructor(client: Client, user: string, marks: ReadMarks) {
    this.#marks = marks;
    this.#live = liveMessages(client, `user:${segment(user)}`, {
      rewind: 20,
      keep: KEPT,
      onMessage: (message) => this.#receive(message),
      onState: (state) => {
        this.#wasLive ||= state === 'live';
      },
    });
    this.#live.start();
  }

  get toasts(): readonly Notification[] {
    return this.#toasts;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Opens or closes the panel. Its notifications then count as read. */
  show(open: boolean): void {
    if (open) this.#toasts = [];
    else if (this.#open) this.#unread = new Set();
    const newest = this.#live.messages.at(-1);
    if (newest !== undefined) this.#marks.read(newest);
    this.#open = open;
  }

  dismiss(key: string): void {
    this.#toasts = this.#toasts.filter((toast) => toast.key !== key);
  }

  #receive(message: Message): void {
    const unread = this.#marks.isUnread(message);
    if (unread) this.#unread = new Set(this.#unread).add(message.id);
    if (this.#open) this.#marks.read(message);
    // Notifications from before this visit are not new.
    else if (this.#wasLive && unread) this.#toast(this.#notificationOf(message));
  }

  #itemOf(entry: Entry): InboxItem {
    return entry.kind === 'gap' ? entry : this.#notificationOf(entry.message);
  }

  #notificationOf({ id, time, data }: Message): Notification {
    return { kind: 'notification', key: id, time, unread: this.#unread.has(id), ...readNotification(data) };
  }

  #toast(item: Notification): void {
    this.#toasts = [...this.#toasts, item].slice(-TOASTS);
    setTimeout(() => this.dismiss(item.key), TOAST_TIME);
  }
}

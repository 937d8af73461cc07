import type { Channel, Gap, Message, Subscription } from '@sluice/client';
import { readNotification } from '../notification.ts';
import type { ReadMarks } from '../read-marks.ts';

/** Notifications kept in the panel. */
const KEPT = 50;

const TOAST_TIME = 7000;
const TOASTS = 3;

/** A notification, or the notice that some were lost. */
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

/** One person's notifications: the channel `user:<name>`, which nobody else may read. */
export class Inbox {
  readonly #stream: Channel<unknown>;
  readonly #marks: ReadMarks;
  #subscription: Subscription | undefined;
  #items = $state.raw<readonly InboxItem[]>([]);
  #toasts = $state.raw<readonly Notification[]>([]);
  #newest: Message<unknown> | undefined;
  #open = $state(false);
  #live = false;
  #gaps = 0;

  readonly unread = $derived(this.#items.filter((item) => item.kind === 'notification' && item.unread).length);

  constructor(stream: Channel<unknown>, marks: ReadMarks) {
    this.#stream = stream;
    this.#marks = marks;
    this.subscribe();
  }

  /** Newest first. */
  get items(): readonly InboxItem[] {
    return this.#items;
  }

  get toasts(): readonly Notification[] {
    return this.#toasts;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Subscribes, where no subscription stands; after a break it goes on from where it was. */
  subscribe(): void {
    if (this.#subscription !== undefined && !['ended', 'denied'].includes(this.#subscription.state)) return;
    const position = this.#subscription?.position;
    this.#subscription = this.#stream.subscribe((message) => this.#receive(message), {
      ...(position === undefined ? { rewind: 20 } : { position }),
      onGap: (gap) => this.#add({ kind: 'gap', key: `gap ${this.#gaps++}`, gap }),
      onState: (state) => {
        this.#live ||= state === 'live';
      },
      // A refusal is one of the connection's or a mistake in the configuration: the bell just stays empty.
      onError: () => {},
    });
    this.#subscription.ready.catch(() => {});
  }

  /** The panel opens, or closes: what it showed has then been read. */
  show(open: boolean): void {
    if (open) this.#toasts = [];
    else if (this.#open)
      this.#items = this.#items.map((item) => (item.kind === 'gap' ? item : { ...item, unread: false }));
    if (this.#newest !== undefined) this.#marks.read(this.#newest);
    this.#open = open;
  }

  dismiss(key: string): void {
    this.#toasts = this.#toasts.filter((toast) => toast.key !== key);
  }

  #receive(message: Message<unknown>): void {
    const { id, time, data } = message;
    const unread = this.#marks.isUnread(message);
    const item: Notification = { kind: 'notification', key: id, time, unread, ...readNotification(data) };
    this.#newest = message;
    this.#add(item);
    if (this.#open) this.#marks.read(message);
    else if (this.#live && unread) this.#toast(item);
  }

  #add(item: InboxItem): void {
    this.#items = [item, ...this.#items].slice(0, KEPT);
  }

  #toast(item: Notification): void {
    this.#toasts = [...this.#toasts, item].slice(-TOASTS);
    setTimeout(() => this.dismiss(item.key), TOAST_TIME);
  }
}

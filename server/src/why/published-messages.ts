import { RecentEntries } from '../util/recent-entries.ts';

/** A message in its log. */
export interface MessagePlace {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
}

/** The messages that were published on this node last, by id. */
export class PublishedMessages {
  readonly #recent: RecentEntries<MessagePlace>;

  constructor(capacity: number) {
    this.#recent = new RecentEntries(capacity);
  }

  add(message: MessagePlace): void {
    this.#recent.add(message);
  }

  find(id: string): MessagePlace | undefined {
    for (const message of this.#recent) if (message.id === id) return message;
    return undefined;
  }
}

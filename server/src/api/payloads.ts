import type { Json } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';

/** The option of a query that says who looks at the data of messages: nobody, or a person. */
export const PAYLOADS = 'payloads';

/** What becomes of the data of messages in an answer. */
export class PayloadView {
  /** `undefined`: a program reads it. */
  readonly #shown: boolean | undefined;

  private constructor(shown: boolean | undefined) {
    this.#shown = shown;
  }

  static read(query: URLSearchParams): PayloadView | Refusal {
    const text = query.get(PAYLOADS);
    if (text === null) return new PayloadView(undefined);
    if (text === 'true' || text === 'false') return new PayloadView(text === 'true');
    return new Refusal('command_invalid', '"payloads" must be true or false');
  }

  /** The message, or the size of its data in place of the data. */
  apply(message: { readonly data: Json }): object {
    if (this.#shown !== false) return message;
    return { ...message, data: null, size: JSON.stringify(message.data).length };
  }

  /** Reports to observers that a person looks at data of `target`, if one does. */
  report(events: EventBus, { name, user }: Identity, target: string): void {
    if (this.#shown !== true) return;
    events.emit('payloadsShown', { by: name === undefined ? `user ${user}` : `API key ${name}`, target });
  }
}

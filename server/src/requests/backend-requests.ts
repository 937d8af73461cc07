import { type Json, parseCommand } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import { type Authority, authorize } from '../channels/authorize.ts';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { Refusal } from '../refusal.ts';
import { prepareRequest } from './prepare-request.ts';
import { ReplyQueue } from './reply-queue.ts';
import type { Requests } from './requests.ts';

export interface BackendRequestsParts extends Authority {
  readonly requests: Requests;
  readonly hooks: Hooks;
  /** Maximum unanswered requests of one user. */
  readonly most: () => number;
}

/** Unanswered requests of one API key, or of the program. */
const MOST_OF_BACKENDS = 10_000;

interface Fields {
  readonly channel: string;
  readonly data: Json;
  readonly timeout?: number;
}

/** Requests that no connection sends: of backends, of users over HTTP, and of the program. */
export class BackendRequests {
  readonly #parts: BackendRequestsParts;
  /** Unanswered requests by sender. */
  readonly #counts = new Map<string, number>();

  constructor(parts: BackendRequestsParts) {
    this.#parts = parts;
  }

  /** @param fields `{ channel, data, timeout? }`, unchecked */
  async send(fields: object, by: Identity): Promise<ReplyQueue | Refusal> {
    const parsed = parseCommand({ ...fields, type: 'request', id: 1 });
    if ('fault' in parsed) return new Refusal(parsed.fault.error, parsed.fault.detail);
    const { channel, data, timeout } = parsed.command as unknown as Fields;
    const match = await authorize(this.#parts, by, 'request', channel);
    if (match instanceof Refusal) return match;
    const full = this.#checkCount(by);
    if (full !== null) return full;
    const sender = senderOf(by);
    // Before the hook is asked: while it decides, others would pass the check.
    this.#count(sender, 1);
    let replies: ReplyQueue | undefined;
    try {
      const verdict = await this.#parts.hooks.ask({ kind: 'request', verb: 'request', by, asker: by, channel, data });
      if (verdict instanceof Refusal) return verdict;
      const ask = prepareRequest({ channel, data: verdict?.data ?? data, timeout, match, by }, this.#parts.events);
      if (ask instanceof Refusal) return ask;
      replies = new ReplyQueue(() => this.#count(sender, -1));
      replies.waitFor(this.#parts.requests.request(ask, replies));
      return replies;
    } finally {
      if (replies === undefined) this.#count(sender, -1);
    }
  }

  #checkCount(by: Identity): Refusal | null {
    const most = by.user === null ? MOST_OF_BACKENDS : this.#parts.most();
    if ((this.#counts.get(senderOf(by)) ?? 0) < most) return null;
    return new Refusal('too_many_requests', `${most} requests of this sender are unanswered`, CLIENT_RETRY);
  }

  #count(sender: string, by: number): void {
    const count = (this.#counts.get(sender) ?? 0) + by;
    if (count === 0) this.#counts.delete(sender);
    else this.#counts.set(sender, count);
  }
}

const senderOf = ({ user, name }: Identity): string => (user === null ? `key ${name ?? ''}` : `user ${user}`);

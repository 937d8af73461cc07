import type { Member, MemberChange, WatchCommand } from '@sluice/protocol';
import type { SluiceError } from '../errors.ts';
import type { Members, Presence } from '../presence-api.ts';
import type { Outbound } from './outbound.ts';
import { bodyOf } from './refusals.ts';

/** A tab's presence subscription: the whole list once, then the changes. SPEC.md section 9. */
export class TabPresence {
  readonly #presence: Presence;
  readonly #command: WatchCommand;
  readonly #out: Outbound;
  readonly #stop: () => void;
  #answered = false;
  #version = 0;
  #changes: MemberChange[] = [];
  #listed = false;
  #closed = false;

  constructor(presence: Presence, command: WatchCommand, out: Outbound & { readonly ended: () => void }) {
    this.#presence = presence;
    this.#command = command;
    this.#out = out;
    const here = (member: unknown) => {
      this.#changes.push({ version: ++this.#version, member: member as Member });
    };
    this.#stop = presence.subscribe({
      join: here,
      update: here,
      leave: ({ user }) => {
        this.#changes.push({ version: ++this.#version, left: user });
      },
      change: (members) => this.#report(members),
      error: (error) => this.#fail(error, out.ended),
    });
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #report(members: Members): void {
    if (this.#closed) return;
    const { channel, id } = this.#command;
    const { total } = members;
    if (!this.#answered) this.#out.reply(id, { total });
    this.#answered = true;
    const changes = this.#changes;
    this.#changes = [];
    const news = { type: 'presence', channel, version: ++this.#version, total } as const;
    if (this.#presence.counting) this.#out.push(news);
    else if (this.#listed) this.#out.push({ ...news, changes });
    else this.#out.push({ ...news, changes: this.#list(members), reset: true });
    this.#listed = !this.#presence.counting;
  }

  #list(members: Members): MemberChange[] {
    return members.list.map((member) => ({ version: this.#version, member: member as Member }));
  }

  #fail(error: SluiceError, ended: () => void): void {
    if (this.#closed) return;
    // The upstream client retries an open subscription itself.
    if (this.#answered && error.retryable) return;
    if (this.#answered) this.#out.push({ type: 'unwatched', channel: this.#command.channel, reason: 'permission' });
    else this.#out.refuse(this.#command.id, bodyOf(error));
    this.close();
    ended();
  }
}

import type { Member, MemberChange, PresencePush } from '@sluice/protocol';
import type { FakeSocket } from './fake-gateway.ts';

/** A gateway's view of one channel's members (SPEC.md section 9), for a test to change and send. */
export class ModelPresence {
  readonly channel = 'a';
  members = new Map<string, Member>();
  counting = false;
  #version = 0;
  /** Changes since the last push, in order. */
  #pending: MemberChange[] = [];
  #watched = false;
  #behind = false;
  #answered = 0;

  /** A user enters or changes the state. */
  enter(user: string, state: number): void {
    const member = { user, state, connections: 1, since: this.members.get(user)?.since ?? this.#version };
    this.members.set(user, member);
    this.#pending.push({ version: ++this.#version, member });
  }

  leave(user: string): void {
    if (this.members.delete(user)) this.#pending.push({ version: ++this.#version, left: user });
  }

  /** Another gateway, which starts its versions over. */
  restart(): void {
    this.#version = 0;
    this.#pending = [];
    for (const { user, state } of [...this.members.values()]) this.enter(user, Number(state));
  }

  /** A new connection. */
  begin(): void {
    this.#watched = false;
    this.#answered = 0;
  }

  answer(socket: FakeSocket): void {
    const commands = socket.commands.slice(this.#answered);
    this.#answered += commands.length;
    for (const { type, id } of commands) {
      if (type !== 'watch' && type !== 'unwatch') continue;
      this.#watched = type === 'watch';
      this.#behind = true;
      socket.push({ type: 'reply', id, result: type === 'watch' ? { total: this.members.size } : {} });
    }
  }

  /** Sends the changes. A new subscription gets the list in chunks; the last ones can be withheld. */
  send(socket: FakeSocket, { chunk = 2, cut = 0, early = false } = {}): void {
    // Changes that the list already contains may be repeated after it.
    const changes = this.#pending;
    if (!early || !this.#behind) this.#pending = [];
    if (!this.#watched) return;
    if (this.counting) socket.push(this.#push());
    else if (this.#behind) for (const push of this.#list(chunk).slice(0, -cut || undefined)) socket.push(push);
    else if (changes.length > 0) socket.push({ ...this.#push(), changes });
    this.#behind = cut > 0 && !this.counting && this.#behind;
  }

  /** The connection was too slow: it needs the list again. */
  slow(): void {
    this.#behind = true;
  }

  /** The number of members crosses the threshold in either direction. */
  toggle(): void {
    this.counting = !this.counting;
    this.#behind = true;
  }

  #push(): PresencePush {
    return { type: 'presence', channel: this.channel, version: this.#version, total: this.members.size };
  }

  #list(chunk: number): PresencePush[] {
    const changes = [...this.members.values()].map((member) => ({ version: this.#version, member }));
    const chunks = Math.max(1, Math.ceil(changes.length / chunk));
    return Array.from({ length: chunks }, (_, n) => ({
      ...this.#push(),
      changes: changes.slice(n * chunk, (n + 1) * chunk),
      ...(n === 0 && { reset: true as const }),
      ...(n < chunks - 1 && { more: true as const }),
    }));
  }
}

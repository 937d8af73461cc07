import { mergeEnter } from '../merge-enter.ts';
import type { EnterRequest, MemberConnection } from '../presence.ts';

/** The members that are connected to this node, so that they can be claimed again or removed. */
export class LocalMembers {
  readonly #channels = new Map<string, Map<string, EnterRequest>>();
  /** Leaves, and possible enters, that Redis has not confirmed. */
  readonly #unconfirmed = new Map<string, MemberConnection>();

  /** The latest request wins. It keeps info and state unless it has its own. */
  add(request: EnterRequest): void {
    const { channel, connection } = request;
    const requests = this.#channels.get(channel) ?? new Map<string, EnterRequest>();
    this.#channels.set(channel, requests);
    requests.set(connection, mergeEnter(requests.get(connection), request));
    this.#unconfirmed.delete(keyOf(request));
  }

  has({ channel, connection }: MemberConnection): boolean {
    return this.#channels.get(channel)?.has(connection) === true;
  }

  /** @returns whether it was the channel's last connection */
  delete({ channel, connection }: MemberConnection): boolean {
    const requests = this.#channels.get(channel);
    if (requests === undefined) return true;
    requests.delete(connection);
    if (requests.size === 0) this.#channels.delete(channel);
    return requests.size === 0;
  }

  isEmpty(channel: string): boolean {
    return !this.#channels.has(channel);
  }

  all(): EnterRequest[] {
    return [...this.#channels.values()].flatMap((requests) => [...requests.values()]);
  }

  /** Remembers a connection that has to be removed when Redis answers again. */
  removeLater({ channel, connection, user }: MemberConnection): void {
    this.#unconfirmed.set(keyOf({ channel, connection, user }), { channel, connection, user });
  }

  takeUnconfirmed(): MemberConnection[] {
    const unconfirmed = [...this.#unconfirmed.values()];
    this.#unconfirmed.clear();
    return unconfirmed;
  }
}

const keyOf = ({ channel, connection }: MemberConnection): string => `${channel} ${connection}`;

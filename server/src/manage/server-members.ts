import { checkData, type Json, userNameFault } from '@sluice/protocol';
import type { Authority } from '../channels/authorize.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { MemberConnection } from '../engine/presence.ts';
import type { Presence } from '../presence/presence.ts';
import { Refusal } from '../refusal.ts';
import { tooLarge } from '../session/member-info.ts';
import { fitState } from '../session/member-state.ts';
import type { ActionReport } from './types.ts';

export interface ServerMembersParts extends Authority {
  readonly cluster: Cluster;
  readonly presence: Presence;
}

/** What a backend shows of a member. */
export interface ServerMember {
  readonly channel: string;
  readonly user: string;
  /** Absent: it does not change. */
  readonly state?: Json;
  readonly info?: Json;
}

/** Bytes of `info` as JSON, as in a token. */
const MOST_INFO = 1024;

/** Members of one node that backends have entered: nothing but a backend removes them. */
const MOST_MEMBERS = 10_000;

/**
 * Members that a backend has entered, such as bots: they have no connection to the gateway. They
 * stay until the backend removes them, or the node that has entered them stops.
 */
export class ServerMembers {
  readonly #parts: ServerMembersParts;
  /** Of this node, by channel and user. */
  readonly #members = new Map<string, MemberConnection>();

  constructor(parts: ServerMembersParts) {
    this.#parts = parts;
    parts.cluster.answer('leave', (member) => this.#leave(member as unknown as MemberConnection));
  }

  /** Makes the user a member of the channel, or changes the member. */
  async enter({ channel, user, state, info }: ServerMember): Promise<Refusal | null> {
    const { rules, events, presence } = this.#parts;
    const rule = rules.match(channel)?.rule;
    if (rule === undefined) return new Refusal('channel_unknown', `no channel rule matches "${channel}"`);
    const problem = userProblem(user) ?? jsonProblem('"state"', state) ?? jsonProblem('"info"', info);
    if (problem !== null) return problem;
    const fit = state === undefined ? { value: undefined } : fitState(state, rule, events);
    if (fit instanceof Refusal) return fit;
    const large = info === undefined ? null : tooLarge('"info"', info, MOST_INFO);
    if (large !== null) return large;
    const member = { channel, user, connection: connectionOf(user) };
    if (!this.#hasRoomFor(member)) return tooMany();
    this.#members.set(keyOf(member), member);
    await presence.enter({
      ...member,
      ...(info === undefined ? {} : { info }),
      ...(fit.value === undefined ? {} : { state: fit.value }),
    });
    return null;
  }

  /** Removes a member that a backend has entered, through whichever node. */
  async leave(channel: string, user: string): Promise<ActionReport | Refusal> {
    const problem = userProblem(user);
    if (problem !== null) return problem;
    const { answers, missing } = await this.#parts.cluster.ask<{ left: boolean }>('leave', { channel, user });
    const left = answers.filter(({ answer }) => answer.left).length;
    if (left > 0) return { connections: left, ...(missing.length > 0 && { missing }) };
    const elsewhere = missing.length === 0 ? '' : `. It may be on a node that did not answer: ${missing.join(', ')}`;
    return new Refusal('not_member', `no backend has entered "${user}" into "${channel}"${elsewhere}`);
  }

  #hasRoomFor(member: MemberConnection): boolean {
    return this.#members.size < MOST_MEMBERS || this.#members.has(keyOf(member));
  }

  async #leave({ channel, user }: Pick<MemberConnection, 'channel' | 'user'>): Promise<{ left: boolean }> {
    const member = { channel, user, connection: connectionOf(user) };
    if (!this.#members.delete(keyOf(member))) return { left: false };
    await this.#parts.presence.leave(member, 0);
    return { left: true };
  }
}

/** The rules for the user of a token hold for members without one, too: clients cannot tell them apart. */
function userProblem(user: unknown): Refusal | null {
  const fault = userNameFault(user);
  return fault === null ? null : new Refusal('command_invalid', `the name of the user ${fault}`);
}

/** Every client must be able to decode what members show. SPEC.md section 3.3. */
function jsonProblem(name: string, value: unknown): Refusal | null {
  const fault = value === undefined ? null : checkData(value);
  return fault === null ? null : new Refusal('payload_invalid', fault.replace(/^data/, name));
}

const tooMany = (): Refusal =>
  new Refusal(
    'too_many_members',
    `this node has ${MOST_MEMBERS} members that backends have entered. Remove some, or enter them through another node`,
  );

const keyOf = ({ channel, user }: MemberConnection): string => `${channel} ${user}`;

/** Stands where other members have the id of a connection: the same on every node, and another for each user. */
const connectionOf = (user: string): string => `server-${Buffer.from(user).toString('base64url')}`;

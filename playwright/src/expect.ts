import { expect as base, type Page } from '@playwright/test';
import type { Expected, TestGateway } from '@sluice/server/testing';
import { personOf } from './people.ts';
import { type Claim, judge } from './verdict.ts';

interface Patience {
  /** Milliseconds to wait. Default: that of `expect`. */
  readonly timeout?: number;
}

const list = (names: readonly (string | null)[]): string =>
  names.map((name) => name ?? 'anonymous').join(', ') || 'nobody';

/** Who is connected; where nobody is, what the usual reasons are. */
function connected({ connections }: TestGateway): string {
  if (connections.length > 0) return `connected: ${usersOf(connections)}`;
  return "connected: nobody. Do the page's WebSockets match `sluice.socketRoute`, and its requests for tokens `sluice.tokenRoute`?";
}

const usersOf = (connections: TestGateway['connections']) => list(connections.map(({ user }) => user));

function lastMessages(gateway: TestGateway, channel: string): string {
  const messages = gateway.messages(channel);
  if (messages.length === 0) return `nothing has come to "${channel}"`;
  const lines = messages.slice(-5).map(({ from = 'a backend', event, data }) => {
    const kind = event === undefined ? '' : ` [${event}]`;
    return `\n  ${from}${kind}: ${JSON.stringify(data).slice(0, 200)}`;
  });
  return `${messages.length} messages, the last of them:${lines.join('')}`;
}

/** What the matchers' own arguments say, for people. */
function wording(expected: Expected | undefined): string {
  if (expected === undefined) return 'any message';
  if (typeof expected === 'function') return `a message for which ${String(expected)}`;
  const words = Object.entries(expected).map(([field, value]) => `${field} ${JSON.stringify(value) ?? String(value)}`);
  return `a message with ${words.join(', ')}`;
}

/**
 * Playwright's `expect`, with matchers about the gateway. They wait, as Playwright's own do: not by looking again and again, but for something to
 * happen in the gateway.
 */
export const expect = base.extend({
  /** A user is connected. */
  toHaveConnection(gateway: TestGateway, user: string, options: Patience = {}) {
    const claim: Claim = {
      call: `expect(gateway).toHaveConnection("${user}")`,
      expected: `"${user}" is connected`,
      isSo: () => gateway.connections.some((connection) => connection.user === user),
      found: () => connected(gateway),
    };
    return judge(this, gateway, claim, options);
  },

  /** A user is a member of a channel. */
  toHaveMember(gateway: TestGateway, channel: string, user: string, options: Patience = {}) {
    const members = () => gateway.members(channel).map((member) => member.user);
    const claim: Claim = {
      call: `expect(gateway).toHaveMember("${channel}", "${user}")`,
      expected: `"${user}" is a member`,
      isSo: () => members().includes(user),
      found: () => `members: ${list(members())}`,
    };
    return judge(this, gateway, claim, options);
  },

  /** So many connections are subscribed to a channel. */
  toHaveSubscribers(gateway: TestGateway, channel: string, count: number, options: Patience = {}) {
    const claim: Claim = {
      call: `expect(gateway).toHaveSubscribers("${channel}", ${count})`,
      expected: `${count} subscribed`,
      isSo: () => gateway.subscribers(channel).length === count,
      found: () => {
        const subscribers = gateway.subscribers(channel);
        return `${subscribers.length} subscribed: ${usersOf(subscribers)}; connected: ${usersOf(gateway.connections)}`;
      },
    };
    return judge(this, gateway, claim, options);
  },

  /** The gateway has received a message for a channel that is the one meant: by some of its fields, or by a predicate. */
  toHaveReceived(gateway: TestGateway, channel: string, expected?: Expected, options: Patience = {}) {
    const claim: Claim = {
      call: `expect(gateway).toHaveReceived("${channel}")`,
      expected: wording(expected),
      isSo: () => gateway.find(channel, expected) !== undefined,
      found: () => lastMessages(gateway, channel),
      // What has come stays: there is nothing to wait for.
      final: true,
    };
    return judge(this, gateway, claim, options);
  },

  /** The user whose page this is has been sent everything that a channel has. */
  toBeLive(page: Page, channel: string, options: Patience = {}) {
    const { gateway, user } = personOf(page);
    const claim: Claim = {
      call: `expect(page).toBeLive("${channel}")`,
      expected: `"${user}" is subscribed to "${channel}", at its head`,
      isSo: () => gateway.isLive(user, channel),
      found: () => `subscribed: ${usersOf(gateway.subscribers(channel))}; ${connected(gateway)}`,
    };
    return judge(this, gateway, claim, options);
  },
});

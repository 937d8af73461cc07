import { expect as base, type Page } from '@playwright/test';
import type { Expected, TestGateway } from '@sluice/server/testing';
import { type Claim, checkClaim } from './claim.ts';
import { userOf } from './page-users.ts';

interface WaitOptions {
  /** Milliseconds to wait. Default: that of `expect`. */
  readonly timeout?: number;
}

const list = (names: readonly (string | null)[]): string =>
  names.map((name) => name ?? 'anonymous').join(', ') || 'nobody';

/** The connected users; if there are none, the usual causes. */
function connected({ connections }: TestGateway): string {
  if (connections.length > 0) return `connected: ${usersOf(connections)}`;
  return "connected: nobody. Check that the page's WebSockets match `sluice.socketRoute`, and its token requests `sluice.tokenRoute`.";
}

const usersOf = (connections: TestGateway['connections']) => list(connections.map(({ user }) => user));

function lastMessages(gateway: TestGateway, channel: string): string {
  const messages = gateway.messages(channel);
  if (messages.length === 0) return `no messages in "${channel}"`;
  const lines = messages.slice(-5).map(({ from = 'a backend', event, data }) => {
    const kind = event === undefined ? '' : ` [${event}]`;
    return `\n  ${from}${kind}: ${JSON.stringify(data).slice(0, 200)}`;
  });
  return `${messages.length} messages, the latest:${lines.join('')}`;
}

/** Describes the expected message. */
function wording(expected: Expected | undefined): string {
  if (expected === undefined) return 'any message';
  if (typeof expected === 'function') return `a message that matches ${String(expected)}`;
  const words = Object.entries(expected).map(([field, value]) => `${field} ${JSON.stringify(value) ?? String(value)}`);
  return `a message with ${words.join(', ')}`;
}

/**
 * Playwright's `expect` with matchers for the gateway. The matchers wait like Playwright's own, but
 * react to events of the gateway instead of polling.
 */
export const expect = base.extend({
  /** Passes when the user is connected. */
  toHaveConnection(gateway: TestGateway, user: string, options: WaitOptions = {}) {
    const claim: Claim = {
      call: `expect(gateway).toHaveConnection("${user}")`,
      expected: `"${user}" is connected`,
      holds: () => gateway.connections.some((connection) => connection.user === user),
      found: () => connected(gateway),
    };
    return checkClaim(this, gateway, claim, options);
  },

  /** Passes when the user is a member of the channel. */
  toHaveMember(gateway: TestGateway, channel: string, user: string, options: WaitOptions = {}) {
    const members = () => gateway.members(channel).map((member) => member.user);
    const claim: Claim = {
      call: `expect(gateway).toHaveMember("${channel}", "${user}")`,
      expected: `"${user}" is a member`,
      holds: () => members().includes(user),
      found: () => `members: ${list(members())}`,
    };
    return checkClaim(this, gateway, claim, options);
  },

  /** Passes when the channel has this number of subscribed connections. */
  toHaveSubscribers(gateway: TestGateway, channel: string, count: number, options: WaitOptions = {}) {
    const claim: Claim = {
      call: `expect(gateway).toHaveSubscribers("${channel}", ${count})`,
      expected: `${count} subscribed`,
      holds: () => gateway.subscribers(channel).length === count,
      found: () => {
        const subscribers = gateway.subscribers(channel);
        return `${subscribers.length} subscribed: ${usersOf(subscribers)}; connected: ${usersOf(gateway.connections)}`;
      },
    };
    return checkClaim(this, gateway, claim, options);
  },

  /**
   * Passes when the gateway has received a matching message. `expected` is a set of fields or a
   * predicate.
   */
  toHaveReceived(gateway: TestGateway, channel: string, expected?: Expected, options: WaitOptions = {}) {
    const claim: Claim = {
      call: `expect(gateway).toHaveReceived("${channel}")`,
      expected: wording(expected),
      holds: () => gateway.find(channel, expected) !== undefined,
      found: () => lastMessages(gateway, channel),
      // A received message stays received, so `not` need not wait.
      final: true,
    };
    return checkClaim(this, gateway, claim, options);
  },

  /** Passes when the page's user has been sent every message of the channel. */
  toBeLive(page: Page, channel: string, options: WaitOptions = {}) {
    const { gateway, user } = userOf(page);
    const claim: Claim = {
      call: `expect(page).toBeLive("${channel}")`,
      expected: `"${user}" is subscribed to "${channel}", at its head`,
      holds: () => gateway.isLive(user, channel),
      found: () => `subscribed: ${usersOf(gateway.subscribers(channel))}; ${connected(gateway)}`,
    };
    return checkClaim(this, gateway, claim, options);
  },
});

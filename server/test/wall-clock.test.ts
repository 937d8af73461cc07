/**
 * Which sources may read the time of day. All others use `Clock.monotonic`, `AgeClock`, or the SDK's
 * `now`.
 */

import { describe, expect, it } from 'vitest';
import { sources } from './support/sources.ts';

const FOLDERS = ['server/src', 'client-sdk/src', 'protocol/src', 'playwright/src'];

/** Reads of the time of day per file: how many, and why it must be this clock. */
const ALLOWED: Readonly<Record<string, readonly [number, string]>> = {
  'server/src/util/clock.ts': [1, 'the only access in the gateway'],
  'server/src/util/age-clock.ts': [2, 'compares with timestamps, and is neither ahead of it nor affected by its steps'],
  'server/src/util/clock-steps.ts': [1, 'detects that it was set'],
  'server/src/assemble.ts': [1, 'claims of tokens'],
  'server/src/api/routes/webhooks.ts': [1, 'checks the time of a replay'],
  'server/src/program.ts': [1, 'the times of a revocation'],
  'server/src/program-operations.ts': [1, 'claims of tickets'],
  'server/src/program-webhooks.ts': [1, 'checks the time of a replay'],
  'server/src/bridges/bridge-lease.ts': [1, 'the timestamp of an entry of the log of a lease'],
  'server/src/bridges/bridges.ts': [1, 'the timestamp of an error'],
  'server/src/bridges/checkpoints.ts': [1, 'the timestamp of an entry'],
  'server/src/bridges/engine-origin.ts': [1, 'the timestamp of an entry'],
  'server/src/auth/mint.ts': [1, 'claims of tokens'],
  'server/src/auth/token.ts': [1, 'claims of tokens'],
  'server/src/hooks/active-hook.ts': [1, 'reports when a call ended'],
  'server/src/hooks/http-hook.ts': [1, 'the timestamp that receivers of a request check'],
  'server/src/webhooks/sender.ts': [3, 'the timestamp that receivers check; reports when something happened'],
  'server/src/webhooks/sender-lease.ts': [1, 'the timestamp of an entry'],
  'server/src/webhooks/endpoint.ts': [2, 'the timestamps of events, and their age'],
  'server/src/webhooks/create-webhooks.ts': [1, 'the timestamps of entries that say who is there'],
  'server/src/outgoing/http-client.ts': [1, 'a date in the header Retry-After'],
  'server/src/session/expiry.ts': [1, 'claims of tokens; recalculated when the clock was set'],
  'server/src/session/commands/connect.ts': [1, 'reports the time of day to the client'],
  'server/src/session/commands/ping.ts': [1, 'reports the time of day to the client'],
  'server/src/session/commands/refresh.ts': [1, 'reports the time of day to the client'],
  'server/src/tap/recorder.ts': [1, 'the timestamps of entries'],
  'server/src/observe/lag-metrics.ts': [1, 'the age of a message, by its timestamp'],
  'server/src/manage/last-seen.ts': [1, 'reports when a user was last seen'],
  'server/src/manage/local-node.ts': [2, 'reports when a connection was opened, and a user was last seen'],
  'server/src/schedules/schedules.ts': [1, 'when messages are due'],
  'server/src/schedules/due-publisher.ts': [4, 'when messages are due'],
  'server/src/schedules/publish-late.ts': [1, 'reports how late a message is'],
  'server/src/schedules/recurring.ts': [2, 'since when a schedule recurs'],
  'server/src/schedules/recurring-publisher.ts': [6, 'when messages are due'],
  'server/src/schedules/schedule-log.ts': [1, 'the timestamp of an entry of the log'],
  'server/src/channels/publish-steps.ts': [1, 'the timestamp of a message'],
  'server/src/channels/hub.ts': [1, 'whether a client asks for a time that has passed'],
  'server/src/channels/copy-step.ts': [
    2,
    'until when the key of a copy is remembered, which counts from the timestamp of its message',
  ],
  'server/src/api/routes/revocations.ts': [1, 'the times of a revocation'],
  'server/src/api/routes/tickets.ts': [1, 'claims of tickets'],
  'server/src/sse/ticket-desk.ts': [4, 'the expiry of tickets, which all nodes check; the timestamp of a used ticket'],
  'server/src/api/routes/dev-token.ts': [1, 'reports when the token expires'],
  'server/src/engine/durable/groups/durable-groups.ts': [1, 'the time stamps of dead letters'],
  'server/src/engine/memory/memory-presence.ts': [1, 'the time since which a member is present'],
  'server/src/engine/memory/memory-groups.ts': [1, 'the timestamp of a dead letter'],
  'server/src/engine/redis/redis-groups.ts': [1, 'the timestamp of a dead letter'],
  'server/src/groups/dispatcher.ts': [1, 'reports to the client when a delivery expires'],
  'server/src/groups/groups.ts': [2, 'reports to the client when a delivery expires'],
  'server/src/groups/list-groups.ts': [1, 'the age of a message, by its timestamp'],
  'server/src/groups/measure-groups.ts': [1, 'the age of a message, by its timestamp'],
  'server/src/groups/administration.ts': [2, 'the age of a message, by its timestamp; what a backend says about time'],
  'server/src/engine/redis/redis-presence.ts': [1, 'the time since which a member is present'],
  'server/src/why/decision-ring.ts': [1, 'the times that an operator compares with logs and messages'],
  'server/src/why/review.ts': [1, 'compares the expiry of a message with the time of its turn'],
  'client-sdk/src/devtools/devtools.ts': [1, 'shows a person when something happened'],
  'server/src/testing/test-clock.ts': [2, 'the clock of a test gateway'],
  'server/src/testing/test-gateway.ts': [2, 'claims of tokens'],
  'client-sdk/src/now.ts': [1, 'detects that the machine slept'],
  'client-sdk/src/outbox/clock.ts': [2, 'visits share no other clock; detects that it was set'],
  'client-sdk/src/outbox/outbox.ts': [1, 'reports when an entry was created'],
  'client-sdk/src/share-tabs/virtual-connection.ts': [
    2,
    'claims of tokens; the time of day before a gateway reports it',
  ],
  'client-sdk/src/stores/connection-store.ts': [1, 'reports a time of day to the page'],
  'client-sdk/src/testing/memory-log.ts': [3, 'the timestamp of a message, its expiry, and whether a start has passed'],
  'client-sdk/src/testing/memory-groups.ts': [2, 'reports to the client when a delivery expires'],
  'client-sdk/src/testing/memory-schedules.ts': [2, 'when a scheduled message is due'],
  'client-sdk/src/testing/memory-session.ts': [4, 'reports the time of day to the client'],
  'client-sdk/src/testing/memory-presence.ts': [1, 'the time since which a member is present'],
};

/** In engines, whose conformance tests are sources too. */
const isSuite = (path: string): boolean => path.includes('conformance');

const READS = [
  /\bDate\.now\b/g,
  /\bDate\(\s*\)/g,
  /\btimeOrigin\b/g,
  /\b#?(?:real)?clock(?:\(\))?\.now\b/gi,
  /\brealNow\(\)/g,
];

/** Comments and strings may mention it. */
const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');

function countReads(text: string): number {
  const code = withoutComments(text);
  return READS.reduce((count, pattern) => count + [...code.matchAll(pattern)].length, 0);
}

describe('the wall clock', () => {
  const found = new Map(
    FOLDERS.flatMap((folder) => sources(folder))
      .filter(({ path }) => !isSuite(path))
      .map(({ path, text }) => [path, countReads(text)] as const)
      .filter(([, count]) => count > 0),
  );

  it('is read only in the listed files, and not more often', () => {
    const allowed = Object.fromEntries(Object.entries(ALLOWED).map(([path, [count]]) => [path, count]));
    expect(Object.fromEntries(found)).toEqual(allowed);
  });

  it.each([
    ['const at = Date.now();', 1],
    ['const stamp = clock ?? Date.now;', 1],
    ['const at = new Date();', 1],
    ['const at = new Date(claims.exp);', 0],
    ['const at = this.#clock.now();', 1],
    ['const at = this.#options.clock.now();', 1],
    ['const at = services.clock.monotonic();', 0],
    ['const at = performance.timeOrigin + performance.now();', 1],
    ['const at = this.#age.now();', 0],
    ['// Date.now() would not do', 0],
  ])('is counted correctly in %j', (code, count) => {
    expect(countReads(code)).toBe(count);
  });
});

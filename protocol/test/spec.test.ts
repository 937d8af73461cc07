import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sources } from '../../server/test/support/sources.ts';
import { ERRORS } from '../src/codes.ts';
import type { CancelReason, Command, CommandType, GapReason, Push, PushType, Results } from '../src/index.ts';
import { LIMITS } from '../src/limits.ts';
import { vectors } from './vectors.ts';

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');

/** The text of a section, without its subsections. */
function section(number: string): string {
  const [, text] = spec.split(new RegExp(`^#+ ${number.replace('.', '\\.')}\\.? .*$`, 'm'));
  if (text === undefined) throw new Error(`SPEC.md has no section ${number}`);
  return text.split(/^#/m)[0] ?? '';
}

/** The rows of the first table with this first heading. */
function table(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (from === -1) throw new Error(`no table "${heading}"`);
  const rest = lines.slice(from + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end === -1 ? undefined : end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const names = (cell = ''): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

type FieldOf<T> = T extends unknown ? Exclude<keyof T, 'type' | 'id'> & string : never;

/** Every command with its fields; the compiler keeps the list complete. */
const COMMANDS: { readonly [T in CommandType]: readonly FieldOf<Extract<Command, { type: T }>>[] } = {
  connect: ['token', 'client'],
  refresh: ['token'],
  subscribe: ['channel', 'sub', 'rewind', 'since', 'position', 'filter'],
  unsubscribe: ['channel', 'sub'],
  publish: ['channel', 'data', 'event', 'tags', 'trace', 'key', 'ttl', 'series', 'if'],
  history: ['channel', 'limit', 'after', 'before', 'filter'],
  enter: ['channel', 'state'],
  leave: ['channel'],
  watch: ['channel'],
  unwatch: ['channel'],
  members: ['channel', 'limit', 'after'],
  schedule: ['channel', 'data', 'delay', 'at', 'event', 'tags', 'key', 'ttl'],
  unschedule: ['channel', 'message'],
  respond: ['channel', 'concurrency'],
  unrespond: ['channel'],
  request: ['channel', 'data', 'timeout'],
  cancel: ['request'],
  reply: ['request', 'data', 'error', 'more'],
  ping: [],
  consume: ['channel', 'group', 'prefetch'],
  stop: ['channel', 'group'],
  ack: ['channel', 'deliveries', 'group'],
  nack: ['channel', 'deliveries', 'group', 'delay', 'dead', 'reason'],
  extend: ['channel', 'deliveries', 'group'],
};

const RESULTS: { readonly [T in CommandType]: readonly (keyof Results[T])[] } = {
  connect: ['connection', 'user', 'time', 'expiresAt', 'heartbeat', 'maxFrame'],
  refresh: ['expiresAt', 'time'],
  subscribe: ['epoch', 'offset', 'state'],
  unsubscribe: [],
  publish: ['id', 'epoch', 'offset'],
  history: ['epoch', 'head', 'first', 'messages', 'covers', 'noHistory'],
  enter: [],
  leave: [],
  watch: ['total'],
  unwatch: [],
  members: ['total', 'members', 'next'],
  schedule: ['id', 'at'],
  unschedule: [],
  respond: [],
  unrespond: [],
  request: ['data'],
  cancel: [],
  reply: [],
  ping: ['time'],
  consume: ['group', 'prefetch', 'ackTimeout'],
  stop: [],
  ack: ['expired'],
  nack: ['expired'],
  extend: ['deadline', 'expired'],
};

const PUSHES: { readonly [T in PushType]: readonly FieldOf<Extract<Push, { type: T }>>[] } = {
  messages: ['channel', 'sub', 'epoch', 'after', 'messages'],
  progress: ['channel', 'sub', 'epoch', 'after', 'offset'],
  gap: ['channel', 'sub', 'from', 'to', 'reason', 'latest'],
  replaying: ['channel', 'sub'],
  live: ['channel', 'sub'],
  subscribed: ['subscriptions'],
  unsubscribed: ['channel', 'sub', 'reason', 'message'],
  presence: ['channel', 'version', 'total', 'changes', 'reset', 'more'],
  unwatched: ['channel', 'reason', 'message'],
  left: ['channel', 'reason', 'message'],
  deliveries: ['channel', 'group', 'epoch', 'deliveries'],
  group_gap: ['channel', 'group', 'from', 'to', 'reason'],
  stopped: ['channel', 'group', 'reason', 'message'],
  requests: ['channel', 'requests'],
  cancelled: ['channel', 'request', 'reason'],
  unresponded: ['channel', 'reason', 'message'],
  replies: ['request', 'replies'],
  refresh: ['expiresAt'],
  drain: ['closesIn', 'reconnectAfter'],
};

const CANCEL_REASONS: { readonly [R in CancelReason]: true } = {
  asked: true,
  closed: true,
  timeout: true,
  permission: true,
  slow_reader: true,
};

const GAP_REASONS: { readonly [R in GapReason]: true } = {
  epoch_changed: true,
  retention: true,
  purged: true,
  no_history: true,
  slow_reader: true,
};

/** Errors of the HTTP API: SPEC.md is about WebSockets. */
const HTTP_ONLY = ['not_found', 'method_not_allowed', 'unauthorized', 'host_refused', 'unsupported_media_type'];

describe('SPEC.md agrees with the code', () => {
  it('about the commands, their fields and results', () => {
    const rows = table(section('4'), 'command').map(([command, required, optional, result]) => [
      ...names(command),
      [...names(required), ...names(optional)],
      names(result),
    ]);
    expect(Object.fromEntries(rows.map(([type, fields]) => [type, fields]))).toEqual(COMMANDS);
    expect(Object.fromEntries(rows.map(([type, , result]) => [type, result]))).toEqual(RESULTS);
  });

  it('about the section of each command', () => {
    for (const [command = ''] of table(section('4'), 'command')) {
      const [, type, number] = /`(\w+)` \((\d+\.\d+)\)/.exec(command) ?? [];
      expect(spec).toContain(`### ${number} \`${type}\`\n`);
    }
  });

  it('about the pushes and their fields', () => {
    const rows = table(section('6'), '`type`').map(([type, fields]) => [...names(type), names(fields)]);
    expect(Object.fromEntries(rows)).toEqual(PUSHES);
  });

  it('about the reasons of a gap', () => {
    expect(table(section('6'), '`reason`').flatMap(([reason]) => names(reason))).toEqual(Object.keys(GAP_REASONS));
  });

  it('about the reasons of a cancelled request', () => {
    const reasons = table(section('11.6'), '`reason` of `cancelled`').flatMap(([reason]) => names(reason));
    expect(reasons).toEqual(Object.keys(CANCEL_REASONS));
  });

  it('about the catalogue of errors', () => {
    const expected = Object.entries(ERRORS)
      .filter(([name]) => !HTTP_ONLY.includes(name))
      .map(([name, { code, message, retryable }]) => [`${code}`, `\`${name}\``, message, retryable ? 'yes' : 'no'])
      .sort(([a = ''], [b = '']) => a.localeCompare(b));
    expect(table(section('8.4'), 'code')).toEqual(expected);
  });

  it('about the code of every error that it names with a code', () => {
    const named = [...spec.matchAll(/`([a-z_]+)` \((4\d{3})\)/g)].map(([, name = '', code]) => [name, Number(code)]);
    expect(named.length).toBeGreaterThan(10);
    for (const [name, code] of named) expect([name, ERRORS[name as keyof typeof ERRORS]?.code]).toEqual([name, code]);
  });

  it('about the errors in its replies', () => {
    const answers = [table(section('8.1'), 'input'), table(section('10.3'), 'limit'), table(section('1.2'), 'reason')];
    const errors = answers
      .flat()
      .flatMap((row) => names(row.at(-1)).filter((name) => name.includes('_') || name === 'flood'));
    expect(errors.filter((name) => !Object.hasOwn(ERRORS, name))).toEqual([]);
  });

  it.each([
    ['1 to 200 characters', LIMITS.channelLength, 200],
    ['1 to 15', LIMITS.subscriptionId, 15],
    ['1 to 128 characters', LIMITS.eventLength, 128],
    ['1 to 128 characters', LIMITS.keyLength, 128],
    ['16 tags; names 1 to 64 characters and not `__proto__`, values 0 to 256', LIMITS.tags, 16],
    ['at most 64 levels deep', LIMITS.dataDepth, 64],
    ['1 to 1,000, optional | default 100', LIMITS.historyPage, 1000],
    ['16,384 characters', LIMITS.tokenLength, 16_384],
    ['string, optional, 1 to 300 characters', LIMITS.groupLength, 300],
    ['integer 1 to 1,000, optional | maximum unsettled', LIMITS.prefetch, 1000],
    ['Acknowledges 1 to 1,000 deliveries', LIMITS.deliveries, 1000],
    ['string, at most 200 characters | names this delivery', LIMITS.deliveryIdLength, 200],
    ['integer 0 to 86,400,000', LIMITS.nackDelay, 86_400_000],
    ['at most 256 characters | why', LIMITS.nackReasonLength, 256],
    ['integer 1 to 1,000, optional | maximum number of open requests', LIMITS.concurrency, 1000],
    ['of this responder. Default 16', LIMITS.concurrencyDefault, 16],
    ['`code`: 1 to 64 characters', LIMITS.errorCodeLength, 64],
    ['`message`: at most 1,000 characters', LIMITS.errorMessageLength, 1000],
    ['with `rate_limited` if 16 are unanswered', LIMITS.replyWindow, 16],
  ])('about the limit "%s"', (text, limit, expected) => {
    expect(spec).toContain(text);
    expect(limit).toBe(expected);
  });
});

describe('a citation of SPEC.md', () => {
  const numbers = new Set([...spec.matchAll(/^#+ (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number));
  const cited = ['server/src', 'server/test', 'client-sdk/src', 'client-sdk/test', 'protocol/src']
    .flatMap(sources)
    .flatMap(({ path, text }) =>
      [...text.matchAll(/SPEC\.md sections? (\d+(?:\.\d+)?)(?: (?:to|and) (\d+(?:\.\d+)?))?/g)].flatMap(
        ([, first, second]) =>
          [first, second].filter((number) => number !== undefined).map((number) => ({ path, number })),
      ),
    );

  it('names an existing section, including those in conversations', () => {
    const conversations = vectors('conversations.json').conversations.map(({ section }) => section);
    expect(conversations.filter((number) => !numbers.has(number))).toEqual([]);
    expect(cited.length).toBeGreaterThan(100);
    expect(cited.filter(({ number }) => !numbers.has(number))).toEqual([]);
  });

  it('of a rule names one of section 7.2, 9.2 or 12.2', () => {
    const rules = (number: string) => [...section(number).matchAll(/^(\d+)\. /gm)].map(([, rule]) => Number(rule));
    expect(rules('7.2')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(rules('9.2')).toEqual([1, 2, 3, 4, 5]);
    expect(rules('12.2')).toEqual([1, 2, 3, 4, 5]);
  });
});

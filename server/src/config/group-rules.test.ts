import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { ConfigError, parseConfig } from './schema.ts';

const SECRET = 'a secret that only tests know, long enough for HS512 to be content with it too';

const parse = (channels: object) =>
  parseConfig({ keys: [{ secret: SECRET }], channels: channels as NonNullable<ConfigInput['channels']> });

const ruleOf = (rule: object) =>
  parse({ 'jobs:{kind}': rule, 'dead:{kind}': {} }).channels.find(({ pattern }) => pattern.source === 'jobs:{kind}');

function problemOf(rule: object): string {
  try {
    ruleOf(rule);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
  return 'none';
}

const DELIVERY = {
  ...{ ackTimeout: 30_000, maxDeliveries: 5, backoff: [1_000, 10_000, 60_000], orderBy: null, maxUnacked: 10_000 },
};

describe('a queue', () => {
  it.each([{}, true])('has defaults (%j)', (queue) => {
    expect(ruleOf({ queue })).toMatchObject({
      history: null,
      queue: { group: 'queue', maxLength: 100_000, overflow: 'reject' },
      groups: [
        {
          ...{ name: 'queue', prefetch: 32, deadLetter: null },
          delivery: { ...DELIVERY, queue: true, start: 'oldest', expires: null },
        },
      ],
    });
  });

  it.each([{}, { queue: false }, { queue: null }])('is absent from %j', (rule) => {
    expect(ruleOf(rule)).toMatchObject({ queue: null, groups: [] });
  });

  it('has all its options', () => {
    const options = {
      ackTimeout: '12h',
      maxDeliveries: 0,
      backoff: [],
      deadLetter: 'dead:{kind}',
      orderBy: 'tag:customer',
    };
    expect(
      ruleOf({ queue: { ...options, prefetch: 1, maxUnacked: 1, maxLength: 1, overflow: 'dead-letter' } }),
    ).toMatchObject({
      queue: { maxLength: 1, overflow: 'dead-letter' },
      groups: [
        {
          ...{ prefetch: 1, deadLetter: 'dead:{kind}' },
          delivery: {
            ...{ ackTimeout: 43_200_000, maxDeliveries: 0, backoff: [], maxUnacked: 1 },
            orderBy: { kind: 'tag', tag: 'customer' },
          },
        },
      ],
    });
  });
});

describe('groups', () => {
  it('have defaults, also for each user', () => {
    const groups = { billing: {}, audit: null, 'user-{sub}': { start: 'newest', orderBy: 'all' } };
    expect(ruleOf({ history: true, groups })?.groups).toMatchObject([
      { name: 'billing', delivery: { ...DELIVERY, queue: false, start: 'oldest', expires: null } },
      { name: 'audit' },
      { name: 'user-{sub}', delivery: { start: 'newest', expires: 2_592_000_000, orderBy: { kind: 'all' } } },
    ]);
  });
});

describe('the configuration is refused:', () => {
  const queue = (options: object) => ({ queue: options });
  const group = (options: object, name = 'billing') => ({ history: true, groups: { [name]: options } });

  it.each<[string, object, RegExp]>([
    ['a text as a queue', { queue: 'yes' }, /channels\["jobs:\{kind\}"\]\.queue: must be true, false, or an object/],
    ['an unknown option', queue({ ackTimout: 1 }), /queue\.ackTimout: is not an option\. Did you mean "ackTimeout"\?/],
    [
      'an ackTimeout of nothing',
      queue({ ackTimeout: 0 }),
      /queue\.ackTimeout: is out of range\. Choose from 1s to 12h/,
    ],
    ['an ackTimeout of days', queue({ ackTimeout: '1d' }), /queue\.ackTimeout: is out of range/],
    ['negative deliveries', queue({ maxDeliveries: -1 }), /queue\.maxDeliveries: must be a whole number/],
    ['a backoff that is no list', queue({ backoff: '1s' }), /queue\.backoff: must be a list of durations/],
    ['a backoff of words', queue({ backoff: ['soon'] }), /queue\.backoff\[0\]: is not a duration/],
    ['a prefetch of 0', queue({ prefetch: 0 }), /queue\.prefetch: must be a whole number\. Choose from 1 to 1000/],
    ['a prefetch of 10⁹', queue({ prefetch: 1e9 }), /queue\.prefetch: must be a whole number/],
    [
      'a prefetch above maxUnacked',
      queue({ maxUnacked: 8 }),
      /queue\.prefetch: is larger than maxUnacked, 8\. Lower it/,
    ],
    ['an unknown order', queue({ orderBy: 'customer' }), /queue\.orderBy: must be "all" or "tag:<name>"/],
    ['an unknown overflow', queue({ overflow: 'drop' }), /queue\.overflow: is not one of the known values/],
    ['a length of 0', queue({ maxLength: 0 }), /queue\.maxLength: must be a whole number/],
    [
      'a dead-letter channel without a rule',
      queue({ deadLetter: 'lost:{kind}' }),
      /queue\.deadLetter: "lost:\{kind\}" matches no rule\. Add a rule/,
    ],
    [
      'a dead-letter channel of its own',
      queue({ deadLetter: 'jobs:dead' }),
      /queue\.deadLetter: matches its own rule, "jobs:\{kind\}"/,
    ],
    [
      'a dead-letter channel with an unknown param',
      queue({ deadLetter: 'dead:{room}' }),
      /uses \{room\}, which the pattern "jobs:\{kind\}" does not have\. Its params are \{kind\}/,
    ],
    [
      'a dead-letter channel that is none',
      queue({ deadLetter: 'dead letters' }),
      /queue\.deadLetter: is not a channel/,
    ],
    ['a queue with history', { queue: {}, history: true }, /queue: does not go with history/],
    ['a queue with groups', { queue: {}, groups: { billing: {} } }, /groups: do not go with queue/],
    ['groups without history', { groups: { billing: {} } }, /groups: need history/],
    [
      'groups with an enforced filter',
      { ...group({}), only: { event: 'created' } },
      /only: does not apply to consumers\. Remove it/,
    ],
    ['a list of groups', { history: true, groups: ['billing'] }, /groups: must be an object/],
    ['a group that is a text', { history: true, groups: { billing: '1m' } }, /groups\.billing: must be an object/],
    ['a group name with a space', group({}, 'a b'), /groups\["a b"\]: is not a name for a group/],
    ['a group name that is too long', group({}, 'x'.repeat(65)), /is not a name for a group/],
    ['a group name with another param', group({}, 'user-{id}'), /is not a name for a group/],
    [
      'a group that is also that of a user',
      { history: true, groups: { 'user-{sub}': {}, 'user-billing': {} } },
      /groups\["user-billing"\]: may name the same group as "user-\{sub\}", for some users\. Begin their names differently/,
    ],
    [
      'a group of users that is also a shared one',
      { history: true, groups: { billing: {}, '{sub}': {} } },
      /groups\["\{sub\}"\]: may name the same group as "billing"/,
    ],
    [
      'groups of users of which one may be that of another user',
      { history: true, groups: { '{sub}': {}, 'x{sub}': {} } },
      /groups\["x\{sub\}"\]: may name the same group as "\{sub\}"/,
    ],
    [
      'groups of users with the same end',
      { history: true, groups: { 'user-{sub}': {}, 'user-{sub}-phone': {} } },
      /groups\["user-\{sub\}-phone"\]: may name the same group/,
    ],
    ['an option of queues in a group', group({ maxLength: 5 }), /groups\.billing\.maxLength: is not an option/],
    ['an expiry of seconds', group({ expires: '5s' }), /groups\.billing\.expires: is out of range/],
    [
      'an expiry within a delivery',
      group({ expires: '1m', ackTimeout: '1m' }),
      /groups\.billing\.expires: must be longer than ackTimeout/,
    ],
    ['an unknown start', group({ start: 'first' }), /groups\.billing\.start: is not one of the known values/],
  ])('%s', (_, rule, problem) => {
    expect(problemOf(rule)).toMatch(problem);
  });
});

describe('groups of users', () => {
  it.each([
    ['have another start', ['user-{sub}', 'service-billing', 'phone-{sub}']],
    ['have another end', ['{sub}-user', '{sub}-phone', 'billing']],
    ['need a user', ['user-{sub}', 'user-']],
  ])('do not overlap others if they %s', (_, names) => {
    const groups = Object.fromEntries(names.map((name) => [name, {}]));
    expect(problemOf({ history: true, groups })).toBe('none');
  });
});

describe('dead letters', () => {
  const queue = (deadLetter: string) => ({ queue: { deadLetter } });
  const problemsOf = (channels: object): string => {
    try {
      parse(channels);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.join('\n');
      throw error;
    }
    return 'none';
  };

  it.each<[string, object, RegExp]>([
    [
      'two queues',
      { 'a:{x}': queue('b:{x}'), 'b:{x}': queue('a:{x}') },
      /channels\["a:\{x\}"\]\.queue\.deadLetter: leads back to this rule: "a:x" → "b:x" → "a:x"\. A message that always fails/,
    ],
    ['three queues', { a: queue('b'), b: queue('c'), c: queue('a') }, /"a" → "b" → "c" → "a"/],
    [
      'a group of a channel with history',
      { a: { history: true, groups: { g: {}, h: { deadLetter: 'b' } } }, b: queue('a') },
      /channels\.a\.groups\.h\.deadLetter: leads back to this rule: "a" → "b" → "a"/,
    ],
    [
      'a queue that binds the channel of its dead letters',
      { q: { queue: { deadLetter: 'dead:q' }, bind: ['dead:{kind}'] }, 'dead:{kind}': { history: true } },
      /channels\.q\.queue\.deadLetter: leads back to this rule: "q" → "q"/,
    ],
    [
      'a queue that binds the channel of the dead letters of another one',
      { a: queue('b'), b: queue('c:1'), 'c:{n}': {}, d: { queue: { deadLetter: 'a' }, bind: ['c:{n}'] } },
      /"a" → "b" → "d" → "a"/,
    ],
    [
      'a rule for one value of a param',
      { 'a:{x}': queue('b:{x}'), 'b:{x}': {}, 'b:vip': queue('a:vip') },
      /channels\["a:\{x\}"\]\.queue\.deadLetter: leads back to this rule: "a:vip" → "b:vip" → "a:vip"/,
    ],
  ])('must not come back, by %s', (_, channels, problem) => {
    expect(problemsOf(channels)).toMatch(problem);
  });

  it.each<[string, object]>([
    ['a chain with an end', { a: queue('b'), b: queue('c'), c: queue('d'), d: {} }],
    ['two queues with the same target', { a: queue('c'), b: queue('c'), c: { queue: true } }],
    ['a rule for one value that ends it', { 'a:{x}': queue('b:{x}'), 'b:{x}': queue('a:end'), 'a:end': {} }],
  ])('may go through %s', (_, channels) => {
    expect(problemsOf(channels)).toBe('none');
  });
});

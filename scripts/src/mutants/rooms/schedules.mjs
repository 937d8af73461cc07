const PUBLISHER = 'server/src/schedules/due-publisher.ts';
const RECURRING = 'server/src/schedules/recurring-publisher.ts';
const LOG = 'server/src/schedules/schedule-log.ts';
const ONCE = ['server/test/schedules.test.ts', 'server/test/schedules-list.test.ts'];
const MODEL = ['server/test/schedules-model.test.ts'];
const RECUR = ['server/test/recurring.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const schedules = [
  {
    file: PUBLISHER,
    from: 'key: `scheduled ',
    to: 'key: Math.random() + `scheduled ',
    fault: 'a message whose node died before it noted the publish is published again',
    tests: MODEL,
  },
  {
    file: PUBLISHER,
    from: 'due : due + STAGGER',
    to: 'due : due - STAGGER',
    fault: 'a node publishes the messages of another one early',
    tests: MODEL,
  },
  {
    file: PUBLISHER,
    from: 'over.map(({ id }) => this.#parts.log.settle(id))',
    to: 'over.map(({ id }) => id)',
    fault: 'what was published is never settled',
    tests: ONCE,
  },
  {
    file: PUBLISHER,
    from: '    this.#blocked.set(pending.channel, until);\n',
    to: '',
    fault: 'messages overtake one that their channel refused for now',
    tests: ONCE,
  },
  {
    file: 'server/src/schedules/schedules.ts',
    from: 'if (this.#pending.get(id) === undefined) await this.#log.catchUp();',
    to: '',
    fault: 'a message that another node has just accepted cannot be withdrawn',
    tests: ['server/test/redis-schedules.test.ts'],
  },
  {
    file: 'server/src/schedules/schedules.ts',
    from: ': pending.user === by.user;',
    to: ': true;',
    fault: "a user withdraws another user's message",
    tests: ONCE,
  },
  {
    file: 'server/src/schedules/pending-messages.ts',
    from: 'if (first.size > limit) first.pop();',
    to: 'if (first.size > limit) break;',
    fault: 'a page has any messages instead of the first',
    tests: ONCE,
  },
  {
    file: LOG,
    from: 'if (this.#head % PAGE === 0) this.#keepOld();',
    to: '',
    fault: 'retention removes a message that still waits',
    tests: ['server/test/schedules-retention.test.ts'],
  },
  {
    file: RECURRING,
    from: 'key: `recurring ',
    to: 'key: Math.random() + `recurring ',
    fault: 'a time is published again after its node died',
    tests: [...RECUR, ...MODEL],
  },
  {
    file: RECURRING,
    from: "now - at < LATE || catchUp === 'once'",
    to: "now - at < LATE || catchUp !== 'once'",
    fault: 'catchUp does the opposite',
    tests: RECUR,
  },
  {
    file: RECURRING,
    from: 'const at = Math.max(first, entry.times.latest(now) ?? first);',
    to: 'const at = first;',
    fault: 'every missed time is published',
    tests: RECUR,
  },
  {
    file: RECURRING,
    from: 'return Math.max(at, created.since);',
    to: 'return at;',
    fault: 'a schedule that was deleted and created again catches up',
    tests: RECUR,
  },
  {
    file: 'server/src/schedules/recurring.ts',
    from: 'const since = isSame ? current.since : clock.now();',
    to: 'const since = isSame ? 0 : clock.now();',
    fault: 'a schedule that is replaced begins in 1970',
    tests: RECUR,
  },
  {
    file: 'server/src/util/cron-times.ts',
    from: 'timezone: timeZone',
    to: "timezone: timeZone && 'UTC'",
    fault: 'all schedules are in UTC',
    tests: ['server/src/util/cron-times.test.ts'],
  },
];

const SRC = 'client-sdk/src/testing';
const LIMITS = ['client-sdk/test/testing-limits.test.ts'];
const WORK = ['client-sdk/test/testing-work.test.ts'];
const KIT = ['client-sdk/test/testing-kit.test.ts', 'client-sdk/test/testing-limits.test.ts'];
const SCHEDULES = ['client-sdk/test/schedules.test.ts'];
const DOUBLE = ['server/test/test-double.test.ts'];
const EXPIRY = ['server/test/test-double-expiry.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const testing = [
  {
    file: `${SRC}/memory-groups.ts`,
    from: "if (command.type === 'ack' || command.dead) continue;",
    to: "if (command.type === 'ack') continue;",
    fault: 'a message that was given up is delivered again',
    tests: WORK,
  },
  {
    file: `${SRC}/memory-groups.ts`,
    from: 'item.attempt >= group.maxDeliveries',
    to: 'item.attempt > group.maxDeliveries',
    fault: 'a message is delivered once more than a gateway does',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-groups.ts`,
    from: 'release(group, (peer) => !isOpen(peer))',
    to: 'release(group, () => true)',
    fault: 'the end of the grace period takes deliveries from open connections',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-groups.ts`,
    from: 'again.push({ message, attempt: attempt + 1 });',
    to: 'again.push({ message, attempt });',
    fault: 'a delivery of a lost connection does not count',
    tests: WORK,
  },
  {
    file: `${SRC}/memory-groups.ts`,
    from: 'hasRoom: load < prefetch }',
    to: 'hasRoom: true }',
    fault: 'a consumer gets everything at once',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-requests.ts`,
    from: '    if (request.responder) request.responder.open--;\n',
    to: '',
    fault: 'a responder gets no more requests after some',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-requests.ts`,
    from: 'filter(({ open, concurrency }) => open < concurrency)',
    to: 'filter(({ open, concurrency }) => open < concurrency + 9)',
    fault: 'a responder gets more requests than it takes at a time',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-requests.ts`,
    from: "      this.#fail(request, new Refused('responder_lost').body);\n",
    to: '',
    fault: 'a request waits forever for a responder that has left',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-requests.ts`,
    from: "if (request.requester === peer) this.#cancel(request, 'closed');",
    to: '',
    fault: 'a responder works for a requester that has left',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-requests.ts`,
    from: 'if (!request || request.responder?.peer !== peer) throw',
    to: 'if (!request) throw',
    fault: 'a client answers the requests of another one',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-schedules.ts`,
    from: 'this.#waiting.filter(({ at }) => at > until);',
    to: 'this.#waiting.filter(({ at }) => at >= until);',
    fault: 'a message that is due in this millisecond is published twice',
    tests: SCHEDULES,
  },
  {
    file: `${SRC}/memory-schedules.ts`,
    from: 'const before = key === undefined ? undefined : this.#keys.get(scope);',
    to: 'const before: ScheduleResult | undefined = undefined;',
    fault: 'a message is scheduled again with the same key',
    tests: SCHEDULES,
  },
  {
    file: `${SRC}/memory-log.ts`,
    from: '    if (this.#kept.length > this.#limit) this.#kept.shift();\n',
    to: '',
    fault: 'a log keeps all messages',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-log.ts`,
    from: '    this.#keys.clear();\n',
    to: '',
    fault: 'a key of a lost log answers with its position',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-log.ts`,
    from: 'if (epoch !== this.epoch || offset > this.#head) {',
    to: 'if (offset > this.#head) {',
    fault: 'a client continues in another life of a log',
    tests: DOUBLE,
  },
  {
    file: `${SRC}/memory-log.ts`,
    from: "const reason = this.#limit === 0 ? 'no_history' : 'retention';",
    to: "const reason = 'no_history';",
    fault: 'a gap has another reason than a gateway gives',
    tests: DOUBLE,
  },
  {
    file: `${SRC}/memory-log.ts`,
    from: 'Math.max(this.first - 1, this.#head - rewind)',
    to: 'this.#head - rewind',
    fault: 'a subscription that begins before the log has a gap',
    tests: DOUBLE,
  },
  {
    file: `${SRC}/memory-log.ts`,
    from: 'expiresAt !== undefined && expiresAt <= Date.now();',
    to: 'expiresAt === 0;',
    fault: 'expired messages are delivered',
    tests: EXPIRY,
  },
  {
    file: `${SRC}/memory-presence.ts`,
    from: '    connections.delete(gone);\n',
    to: '',
    fault: 'a member counts a connection that was replaced',
    tests: LIMITS,
  },
  {
    file: `${SRC}/memory-presence.ts`,
    from: 'for (const timer of connections.values()) clearTimeout(timer);',
    to: 'for (const timer of connections.values()) void timer;',
    fault: 'a test that has ended leaves timers',
    tests: LIMITS,
  },
  {
    file: `${SRC}/permissions.ts`,
    from: '(denial.user === undefined || denial.user === user) &&',
    to: '',
    fault: 'a denial for one user applies to all',
    tests: KIT,
  },
  {
    file: `${SRC}/permissions.ts`,
    from: 'denial.pattern.source !== channel ||',
    to: '',
    fault: 'to allow one channel allows all',
    tests: KIT,
  },
];

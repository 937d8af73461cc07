const STATE = 'server/src/engine/group-state/group-state.ts';
const UNSETTLED = 'server/src/engine/group-state/unsettled.ts';
const CONFORMANCE = [
  'server/src/engine/memory/memory-groups.test.ts',
  'server/src/engine/group-state/group-state.test.ts',
];
const ROOM = ['server/test/queues.test.ts', 'server/test/queues-model.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const groups = [
  {
    file: STATE,
    from: 'entry.token === parsed.token && ',
    to: '',
    fault: 'the id of an earlier delivery settles the present one',
    tests: CONFORMANCE,
  },
  {
    file: STATE,
    from: ' && entry.due > now ? entry',
    to: ' ? entry',
    fault: 'a delivery that has expired can be acknowledged',
    tests: CONFORMANCE,
  },
  {
    file: STATE,
    from: 'parsed === null || parsed.epoch !== this.#epoch',
    to: 'parsed === null',
    fault: 'a delivery of the old epoch settles a message of the new one',
    tests: CONFORMANCE,
  },
  {
    file: STATE,
    from: 'unsettled.size < maxUnacked',
    to: 'unsettled.size <= maxUnacked',
    fault: 'one message too many is unsettled',
    tests: CONFORMANCE,
  },
  {
    file: STATE,
    from: 'entry.attempt >= maxDeliveries',
    to: 'entry.attempt > maxDeliveries',
    fault: 'a message is delivered once too often',
    tests: CONFORMANCE,
  },
  {
    file: STATE,
    from: 'this.#addGap(next, first - 1);',
    to: '',
    fault: 'a group that falls behind the retention gets no gap',
    tests: CONFORMANCE,
  },
  {
    file: STATE,
    from: 'if (this.#dead.isFull) this.#delay',
    to: 'if (this.#dead.isFull) this.#unsettled.end(entry); else if (false) this.#delay',
    fault: 'a message that dies while the dead list is full is lost',
    tests: CONFORMANCE,
  },
  {
    file: UNSETTLED,
    from: 'if (following !== undefined) this.makeReady(following);',
    to: '',
    fault: 'an order stops after its first message',
    tests: CONFORMANCE,
  },
  {
    file: UNSETTLED,
    from: 'const inOrder = [...records.filter((record) => !isBlocked(record)), ...records.filter(isBlocked)];',
    to: 'const inOrder = records;',
    fault: 'after a restart, a message blocks itself',
    tests: CONFORMANCE,
  },
  {
    file: 'server/src/engine/group-state/schedule.ts',
    from: 'if (entry.due <= now) return entry;',
    to: 'return entry;',
    fault: 'an extended delivery expires at its first time',
    tests: CONFORMANCE,
  },
  {
    file: 'server/src/groups/consumer.ts',
    from: "this.#leave(reason === 'closed' ? RELEASE_GRACE : null)",
    to: 'this.#leave(null)',
    fault: 'the deliveries of a closed connection wait for their whole ackTimeout',
    tests: ROOM,
  },
  {
    file: 'server/src/groups/consumer.ts',
    from: 'if (this.#ended || !this.#subscriber.connection.hasRoom(LOW_WATER)) return 0;',
    to: 'if (this.#ended) return 0;',
    fault: 'a consumer that does not read is sent everything',
    tests: ROOM,
  },
  {
    file: 'server/src/groups/dispatcher.ts',
    from: 'if (this.#again || isCut(claim, asked)) this.mark();',
    to: 'if (this.#again) this.mark();',
    fault: 'what did not fit into a claim waits for the next announcement',
    tests: ROOM,
  },
  {
    file: 'server/src/groups/dispatcher.ts',
    from: 'this.#wakeAt(asked.monotonic + claim.wait);',
    to: '',
    fault: 'nobody claims when a backoff is over',
    tests: ROOM,
  },
  {
    file: 'server/src/groups/group-names.ts',
    from: 'return name === undefined || name === rule.name || name === own ? own : null;',
    to: 'return name === undefined || name === rule.name ? own : name;',
    fault: 'a user consumes the group of another user',
    tests: ROOM,
  },
  {
    file: 'server/src/groups/dead-letter-publisher.ts',
    from: 'if (refusal !== null) return refusal;',
    to: '',
    fault: 'a dead letter that was refused is removed',
    tests: ROOM,
  },
  {
    file: 'server/src/groups/lease-request.ts',
    from: "if (this.#dispatcher.isClaiming) this.#state = 'late';\n    else this.#finish(null);",
    to: 'this.#finish(null);',
    fault: 'a request that times out leaves the messages of a claim to nobody',
    tests: ['server/test/queues-late.test.ts'],
  },
];

const TESTS = ['chaos/test/reader.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const chaos = [
  {
    file: 'chaos/src/ledger.ts',
    from: 'there.id !== id || there.n !== n',
    to: 'there.id !== id',
    fault: 'another payload with a known id is accepted',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: 'elsewhere.offset !== offset || elsewhere.epoch !== epoch || ',
    to: 'elsewhere.offset !== offset || ',
    fault: 'one publish may be in two epochs',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: 'this.#keeps && isSafe(channel)',
    to: 'this.#keeps',
    fault: 'a publish that was retried after a loss is reported',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: 'before.epoch !== entry.epoch || ',
    to: '',
    fault: 'offsets of two epochs are compared',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: '.filter((entry) => entry.epoch === epoch)',
    to: '',
    fault: 'messages of another epoch are expected in this one',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: 'if (at(from) !== at(this.position))',
    to: 'if (false)',
    fault: 'a gap may begin anywhere before the reader',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: "if (reason === 'retention') this.retired.push(to);",
    to: '',
    fault: 'gaps of retention are not compared with the log',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: "reason === 'epoch_changed' && !this.#keeps",
    to: "reason === 'epoch_changed' && this.#keeps",
    fault: 'a new epoch is checked for the wrong engine',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: '    owed.after = offset;\n',
    to: '',
    fault: 'messages that follow a gap may be delivered twice',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: 'this.lost += lost ?? 0;',
    to: 'this.lost += 1;',
    fault: 'messages covered by gaps are not counted',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: 'if (owed.count === 0 || !within) this.#owed = undefined;',
    to: 'if (!within) this.#owed = undefined;',
    fault: 'a gap may be followed by more messages than it announced',
    tests: TESTS,
  },
];

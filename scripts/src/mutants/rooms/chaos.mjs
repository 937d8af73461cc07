const TESTS = ['chaos/test/reader.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const chaos = [
  {
    file: 'chaos/src/ledger.ts',
    from: 'there.id !== id || there.n !== n',
    to: 'there.id !== id',
    fault: 'another payload under a known id passes',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: 'elsewhere.offset !== offset || elsewhere.epoch !== epoch || ',
    to: 'elsewhere.offset !== offset || ',
    fault: 'one publish may stand in two epochs',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: 'this.#keeps && isSafe(channel)',
    to: 'this.#keeps',
    fault: 'a publish that was tried again after a loss is a fault',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: 'before.epoch !== entry.epoch || ',
    to: '',
    fault: 'offsets of two lives are compared',
    tests: TESTS,
  },
  {
    file: 'chaos/src/ledger.ts',
    from: '.filter((entry) => entry.epoch === epoch)',
    to: '',
    fault: 'what was acknowledged in another life is missed in this one',
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
    fault: 'a new life is judged by the wrong engine',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: '    owed.after = offset;\n',
    to: '',
    fault: 'what a gap left to come may come twice',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: 'this.lost += lost ?? 0;',
    to: 'this.lost += 1;',
    fault: 'what gaps cover is not counted',
    tests: TESTS,
  },
  {
    file: 'chaos/src/reader.ts',
    from: 'if (owed.count === 0 || !within) this.#owed = undefined;',
    to: 'if (!within) this.#owed = undefined;',
    fault: 'a gap may leave more to come than it says',
    tests: TESTS,
  },
];

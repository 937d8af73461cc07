/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const util = [
  {
    file: 'server/src/util/age-clock.ts',
    from: 'const HURRY = 1.1;',
    to: 'const HURRY = 2;',
    fault: 'a clock that is set forward ends timers early',
    tests: ['server/src/util/age-clock.test.ts'],
  },
  {
    file: 'server/src/util/age-clock.ts',
    from: 'this.#looked = monotonic;',
    to: '',
    fault: 'time counts twice',
    tests: ['server/src/util/age-clock.test.ts'],
  },
  {
    file: 'server/src/util/clock-steps.ts',
    from: 'this.#ahead = ahead;',
    to: '',
    fault: 'a step of the clock is reported forever',
    tests: ['server/src/util/clock-steps.test.ts'],
  },
  {
    file: 'server/src/util/clock-steps.ts',
    from: 'Math.abs(by) < STEP',
    to: 'Math.abs(by) <= STEP',
    fault: 'a step of a second goes unnoticed',
    tests: ['server/src/util/clock-steps.test.ts'],
  },
  {
    file: 'server/src/util/same-json.ts',
    from: 'const DEEPEST = 64;',
    to: 'const DEEPEST = 63;',
    fault: 'one level too few',
    tests: ['server/src/util/same-json.test.ts'],
  },
  {
    file: 'server/src/util/token-bucket.ts',
    from: 'return debt > 0 ?',
    to: 'return debt > 1000 ?',
    fault: 'a small debt is ignored',
    tests: ['server/src/util/token-bucket.test.ts'],
  },
  {
    file: 'server/src/util/timer-queue.ts',
    from: 'if (last.isBefore(timer)) this.#rise(last, place);',
    to: 'if (false) this.#rise(last, place);',
    fault: 'after a cancellation timers run out of order',
    tests: ['server/src/util/timer-queue.test.ts'],
  },
  {
    file: 'server/src/util/timer-queue.ts',
    from: 'if (this.#heap.length === 0) this.#emptied();',
    to: '',
    fault: 'a timer of Node keeps the process alive for a cancelled one',
    tests: ['server/src/util/clock.test.ts', 'server/src/util/timer-queue.test.ts'],
  },
];

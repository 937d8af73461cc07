/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const session = [
  {
    file: 'server/src/session/session.ts',
    from: 'if (this.#held === undefined) this.#pages?.next();',
    to: 'this.#pages?.next();',
    fault: 'a drain frees the next page before the one before was handed over',
    tests: ['server/test/model.test.ts'],
  },
];

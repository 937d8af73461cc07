const FOLDER = 'server/src/sse';
const STREAMS = ['server/test/sse.test.ts'];
const ACCESS = ['server/test/sse-access.test.ts'];
const MODEL = ['server/test/sse-model.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const sse = [
  {
    file: `${FOLDER}/event-connection.ts`,
    from: 'readonly lossless = true;',
    to: 'readonly lossless = false;',
    fault: 'after an overflow a stream gets messages twice',
    tests: STREAMS,
  },
  {
    file: `${FOLDER}/position-line.ts`,
    from: "state === 'live' ? { epoch: channel.epoch, offset: channel.sent }",
    to: "state === 'live' ? { epoch: channel.epoch, offset: channel.sent + 1 }",
    fault: 'an id is ahead of what was sent',
    tests: MODEL,
  },
  {
    file: `${FOLDER}/event-connection.ts`,
    from: 'if (this.#overflowed || this.#bytes <= this.#options.limit) return;',
    to: 'if (this.#overflowed || this.#bytes >= 0) return;',
    fault: 'a stream buffers everything for a slow reader',
    tests: STREAMS,
  },
  {
    file: `${FOLDER}/ticket-desk.ts`,
    from: 'return result.id === use;',
    to: 'return true;',
    fault: 'a ticket opens any number of streams',
    tests: ACCESS,
  },
  {
    file: `${FOLDER}/visitor.ts`,
    from: "filter((origin) => origin !== '*')",
    to: 'filter(() => true)',
    fault: 'if every origin may connect, every page can use its visitor’s cookie',
    tests: ACCESS,
  },
  {
    file: `${FOLDER}/event-query.ts`,
    from: 'if (TOKEN_NAMES.test(name) || JWT.test(value)) return IN_ADDRESS;',
    to: '',
    fault: 'a token in the address is not recognised',
    tests: STREAMS,
  },
];

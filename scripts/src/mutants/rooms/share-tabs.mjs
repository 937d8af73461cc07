const test = (/** @type {string} */ name) => `client-sdk/test/share-tabs${name}.test.ts`;
const LINKS = [test('-links')];
const FAULTS = [test('-faults'), test('-links')];

/**
 * @param {string} name
 * @param {Pick<import('../rooms.mjs').Mutant, 'from' | 'to' | 'fault'>} change
 * @param {readonly string[]} tests
 */
const mutant = (name, change, tests = LINKS) => ({ file: `client-sdk/src/share-tabs/${name}.ts`, ...change, tests });

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const shareTabs = [
  mutant('tab', {
    from: "import { now } from '../now.ts';",
    to: 'const now = () => Date.now();',
    fault: "the device's wall clock decides whether the tab gateway answers",
  }),
  mutant('tab', {
    from: '    this.#ticking = undefined;\n',
    to: '',
    fault: 'a tab that reopens a socket no longer checks its tab gateway',
  }),
  mutant('tab', {
    from: '    this.#ticking ??= setInterval',
    to: '    this.#ticking = setInterval',
    fault: 'each socket checks separately, and one continues forever',
  }),
  mutant('tab', {
    from: 'if (time - this.#ticked > 2 * TICK) this.#pinged = 0;',
    to: '',
    fault: "a page that was frozen mistakes its own silence for the tab gateway's",
  }),
  mutant(
    'tab',
    {
      from: '    this.#unwatch();\n',
      to: '',
      fault: 'a tab waits forever for the lock of a tab gateway that it has left',
    },
    FAULTS,
  ),
  mutant('tab', { from: '    this.#lock?.release();\n', to: '', fault: 'a tab that has ended keeps its lock' }, FAULTS),
  mutant('tab', {
    from: 'if (this.#sockets.get(id) !== socket) return;',
    to: '',
    fault: 'a socket that was closed during the search for the tab gateway is opened',
  }),
  mutant(
    'shared-membership',
    {
      from: 'if (!tab.connected) this.depart(tab);',
      to: '',
      fault: 'a tab that closed while it entered stays a member',
    },
    FAULTS,
  ),
  mutant('tab-group', {
    from: '    clearTimeout(this.#sweeping);\n    for',
    to: '    for',
    fault: 'a group that was closed sweeps once more',
  }),
  mutant('tab-group', { from: '    this.tokens.close();\n', to: '', fault: 'a group that was closed asks for tokens' }),
  mutant('tab-group', {
    from: 'if (error.code === PERMISSION_DENIED || error.code >= FIRST_OF_CLIENT) return;',
    to: '',
    fault: 'tabs are notified twice',
  }),
  mutant(
    'tab-group',
    {
      from: 'if (known) return known;\n    const { signal }',
      to: 'const { signal }',
      fault: 'an unanswered publish is sent twice',
    },
    FAULTS,
  ),
  mutant('tab-group', {
    from: "if (this.#upstream.state !== 'connected') return;",
    to: '',
    fault: 'state of returning tabs is removed while the connection is lost',
  }),
  mutant(
    'tab-gateway',
    {
      from: 'if (now() - lastMessage() > SILENT) gone();',
      to: '',
      fault: 'a closed tab without locks is kept forever',
    },
    FAULTS,
  ),
  mutant(
    'tab-gateway',
    { from: 'entry.unread > UNREAD && ', to: '', fault: 'a tab that reads slowly is closed for a single frame' },
    FAULTS,
  ),
  mutant(
    'tab-gateway',
    { from: '    entry.unread -= size;\n', to: '', fault: 'what was read is counted for ever' },
    FAULTS,
  ),
  mutant(
    'tab-gateway',
    {
      from: '    this.#unguard();\n',
      to: '',
      fault: 'the tab gateway waits forever for the lock of a closed tab',
    },
    FAULTS,
  ),
  mutant('worker-finder', {
    from: '        worker.port.close();\n',
    to: '',
    fault: 'the port of a worker that does not answer in time stays open',
  }),
  mutant('worker-finder', {
    from: '        clearTimeout(late);\n',
    to: '',
    fault: 'the port of a worker that has answered is closed',
  }),
  mutant('locks', {
    from: 'if (!waiting.signal.aborted) run();',
    to: 'run();',
    fault: 'a lock that is granted after the wait has ended is reported',
  }),
  mutant(
    'leader-finder',
    {
      from: '        clearInterval(takeover);\n',
      to: '',
      fault: 'a tab that has found the leader steals its lock',
    },
    FAULTS,
  ),
  mutant(
    'token-broker',
    { from: '      clearTimeout(limit);\n', to: '', fault: 'a tab has answered, and the time to answer runs on' },
    ['client-sdk/src/share-tabs/token-broker.test.ts'],
  ),
  mutant(
    'recent-messages',
    { from: ' || this.#size > CHARACTERS', to: '', fault: 'large messages are kept without a bound' },
    ['client-sdk/src/share-tabs/recent-messages.test.ts'],
  ),
  mutant('tab-group', {
    from: '    clearTimeout(this.#sweeping);\n    this.#sweeping = setTimeout',
    to: '    this.#sweeping = setTimeout',
    fault: 'a closed tab is removed only with another one',
  }),
];

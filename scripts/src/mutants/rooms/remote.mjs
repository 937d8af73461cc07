const FOLDER = 'server/src/engine/remote';

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const remote = [
  {
    file: `${FOLDER}/engine-user.ts`,
    from: "if (this.#missedMembers) this.notify(['membersInterrupted', null]);",
    to: '',
    fault: 'dropped changes of members are not reported',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/engine-user.ts`,
    from: "if (this.#watched.has(channel)) this.notify(['interrupted', channel]);",
    to: "this.notify(['interrupted', channel]);",
    fault: 'unwatched channels are reported as interrupted',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/engine-user.ts`,
    from: 'if (this.#frames.waiting > MOST_WAITING) this.#pause();',
    to: '',
    fault: 'a process that does not read its answers sends without a limit',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/engine-user.ts`,
    from: 'for (const channel of this.#membersWatched) unwatchMembers(channel, this);',
    to: '',
    fault: 'the members that a process watched are watched forever',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/engine-user.ts`,
    from: 'this.#members.delete(keyOf(item[3]));',
    to: '',
    fault: 'a member that has left leaves again when the process ends',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/owner-link.ts`,
    from: 'if ((this.#frames?.waiting ?? 0) > MOST_WAITING) {',
    to: 'if ((this.#frames?.waiting ?? 0) > Infinity) {',
    fault: 'requests that wait for the owner have no limit',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/owner-link.ts`,
    from: 'for (const { reject } of asked) reject(new EngineUnavailable(AWAY));',
    to: '',
    fault: 'requests to a lost owner are never answered',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/owner-link.ts`,
    from: '    this.#retry?.cancel();\n',
    to: '',
    fault: 'a closed engine looks for its owner',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/remote-engine.ts`,
    from: '    this.#watched.delete(channel);\n',
    to: '',
    fault: 'a cancelled channel is watched again at the next owner',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/remote-engine.ts`,
    from: '        this.#trouble = item[1];',
    to: '',
    fault: 'no process is notified that the engine is unavailable',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/remote-presence.ts`,
    from: '    this.#requests.delete(keyOf(member));\n',
    to: '',
    fault: 'a member that has left enters again with the next owner',
    tests: [FOLDER],
  },
  {
    file: `${FOLDER}/engine-owner.ts`,
    from: 'if (this.#watchers.remove(channel, user)) engine.log.unwatch(channel);',
    to: 'this.#watchers.remove(channel, user);',
    fault: 'the engine watches forever what a process watched',
    tests: [FOLDER],
  },
];

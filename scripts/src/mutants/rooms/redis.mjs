const FOLDER = 'server/src/engine/redis';
const FEED = [`${FOLDER}/feed.test.ts`];
const LOG = [`${FOLDER}/redis-log.test.ts`, 'server/test/redis-keys.test.ts'];
const GROUPS = [`${FOLDER}/redis-groups.test.ts`, 'server/test/redis-groups.test.ts'];
const KEYS = ['server/test/redis-keys.test.ts'];
const ALL = [FOLDER, 'server/test/redis-keys.test.ts', 'server/test/redis-failures.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const redis = [
  {
    file: `${FOLDER}/append-script.ts`,
    from: 'keepEpoch(log, math.max(log.keep, log.age + margin))',
    to: 'keepEpoch(log, log.keep)',
    fault: 'the epoch expires after a day, before its messages',
    tests: LOG,
  },
  {
    file: `${FOLDER}/log-scripts.ts`,
    from: "if left >= 0 and left < keep then redis.call('PEXPIRE', log.meta, text(keep)) end",
    to: "redis.call('PEXPIRE', log.meta, text(keep))",
    fault: 'a later append shortens the life of an epoch that a key answers with',
    tests: LOG,
  },
  {
    file: `${FOLDER}/append-script.ts`,
    from: "if kept >= 0 then call('DEL', log.messages) end",
    to: '',
    fault: 'messages come back when a rule keeps history again',
    tests: ALL,
  },
  {
    file: `${FOLDER}/presence-scripts.ts`,
    from: "return redis.call('EXISTS', nodeKey(ARGV[4]))",
    to: 'return 0',
    fault: 'only 500 members of a channel are removed for a dead node',
    tests: KEYS,
  },
  {
    file: `${FOLDER}/presence-scripts.ts`,
    from: "if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], 3600000) end",
    to: '',
    fault: 'the totals of an empty channel stay forever',
    tests: KEYS,
  },
  {
    file: `${FOLDER}/shared-reads.ts`,
    from: 'if (!reading.sent) return reading.answer as Promise<T>;',
    to: 'if (reading.next === undefined) return reading.answer as Promise<T>;',
    fault: 'a read is answered by an earlier read',
    tests: [`${FOLDER}/shared-reads.test.ts`],
  },
  {
    file: `${FOLDER}/feed.ts`,
    from: 'if (this.#wanted.get(name) === listener) this.#standing.set(name, listener);',
    to: 'this.#standing.set(name, listener);',
    fault: 'a cancelled subscription receives messages',
    tests: FEED,
  },
  {
    file: `${FOLDER}/feed.ts`,
    from: 'last.names.length < BATCH && ',
    to: '',
    fault: 'one command has any number of channels',
    tests: FEED,
  },
  {
    file: `${FOLDER}/feed.ts`,
    from: 'if (!last && this.#wanted.get(name) === listener) this.#wanted.delete(name);',
    to: '',
    fault: 'a subscription that was refused comes back by itself',
    tests: FEED,
  },
  {
    file: `${FOLDER}/cluster-feed.ts`,
    from: 'if (this.#seats.get(name) !== seat || seat.address !== address) return;',
    to: '',
    fault: 'a cluster subscribes to cancelled channels after it has connected',
    tests: ALL,
  },
  {
    file: `${FOLDER}/redis-log.ts`,
    from: '          this.doubt();\n          this.listener',
    to: '          this.listener',
    fault: 'older data counts as the same epoch if only the feed reconnected',
    tests: LOG,
  },
  {
    file: `${FOLDER}/redis-log.ts`,
    from: '        this.#watched.delete(channel);\n        throw error;',
    to: '        throw error;',
    fault: 'a watch that was refused stays',
    tests: LOG,
  },
  {
    file: `${FOLDER}/commands.ts`,
    from: 'if (this.#waiting >= MOST_WAITING) throw',
    to: 'if (this.#waiting >= Infinity) throw',
    fault: 'any number of commands waits for Redis',
    tests: ALL,
  },
  {
    file: `${FOLDER}/heads.ts`,
    from: 'if (known !== undefined || this.#known.size <= MOST) return;',
    to: 'if (known !== undefined || this.#known.size > 0) return;',
    fault: 'heads of logs are remembered without a limit',
    tests: ALL,
  },
  {
    file: `${FOLDER}/node-lease.ts`,
    from: "    await shard.commands.call('del', index);\n    await shard.commands.call('srem', this.#nodes, node);",
    to: '',
    fault: 'dead nodes are cleaned up forever',
    tests: ALL,
  },
  {
    file: `${FOLDER}/redis-presence.ts`,
    from: '      this.#local.delete(request);\n      this.#local.removeLater(request);\n      throw error;',
    to: '      throw error;',
    fault: 'an enter that was refused is claimed again later',
    tests: ALL,
  },
  {
    file: `${FOLDER}/redis-presence.ts`,
    from: 'this.#overdue.set(channel, till);',
    to: '',
    fault: 'a grace period that ended while Redis was unavailable never ends',
    tests: ALL,
  },
  {
    file: `${FOLDER}/group-operations.ts`,
    from: 'and entry.token == ARGV[at + 1] and entry.due > now and entry',
    to: 'and entry.token == ARGV[at + 1] and entry',
    fault: 'a delivery that has expired can be acknowledged',
    tests: GROUPS,
  },
  {
    file: `${FOLDER}/group-operations.ts`,
    from: "and (wasFull or options.order ~= '')",
    to: 'and wasFull',
    fault: 'a consumer is not woken when its order allows the next message',
    tests: GROUPS,
  },
  {
    file: `${FOLDER}/append-script.ts`,
    from: "if log.groups then publish(log, 'groups', '') end",
    to: '',
    fault: 'consumers are not woken by new messages',
    tests: GROUPS,
  },
  {
    file: `${FOLDER}/redis-groups.ts`,
    from: 'this.#options.log.confirm(ref.channel, { epoch: claim.epoch, head: newest.offset, id: newest.id });',
    to: '',
    fault: 'an offset of a delivered message is reused after Redis lost it',
    tests: GROUPS,
  },
];

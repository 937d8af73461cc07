import type { Json, Member } from '@sluice/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PresenceChange } from '../presence.ts';
import { at, GRACE, type PresenceBench, watch } from './presence-bench.ts';
import { TIME_LIMIT } from './time-limit.ts';

const CHANNELS = ['a', 'b'];

const step = fc.record({
  kind: fc.constantFrom('enter', 'enter', 'leave', 'leave', 'pass'),
  channel: fc.constantFrom(...CHANNELS),
  user: fc.constantFrom('ada', 'ben', 'cy'),
  connection: fc.constantFrom(1, 2, 3),
  state: fc.option(fc.constantFrom<Json>('x', null, { y: 1 }), { nil: undefined }),
  grace: fc.constantFrom(0, 1_000, GRACE),
  ms: fc.constantFrom(1, 999, 1_000, GRACE),
});

/** The members as a subscriber knows them after all changes. */
function replayed(changes: readonly PresenceChange[], channel: string): Map<string, Member> {
  const known = new Map<string, Member>();
  for (const change of changes) {
    if (change.channel !== channel) continue;
    if (change.member === null) known.delete(change.user);
    else known.set(change.user, change.member);
  }
  return known;
}

/** Compares a store with a plain list. */
export function testPresenceModel(create: () => PresenceBench | Promise<PresenceBench>, runs: number): void {
  it('matches a plain list after any sequence of operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const { store: fresh, now, pass } = await create();
        const changes: PresenceChange[] = [];
        fresh.start((change) => changes.push(change));
        for (const channel of CHANNELS) await watch(fresh, channel);
        const model = new PresenceModel();
        for (const { kind, user, connection, channel, state, grace, ms } of steps) {
          const where = at(`${user}-${connection}`, user, channel);
          model.expire(now());
          if (kind === 'pass') await pass(ms);
          else if (kind === 'enter') {
            await fresh.enter({ ...where, ...(state === undefined ? {} : { state }) });
            model.enter(where, state, now());
          } else {
            await fresh.leave(where, grace);
            model.leave(where, now() + grace);
          }
          await pass(0);
          model.expire(now());
          for (const name of CHANNELS) {
            const { version, total, members: listed } = await fresh.list(name, 0, 1000);
            expect(listed.map(({ member }) => member)).toEqual(model.members(name));
            expect(total).toBe(listed.length);
            expect(replayed(changes, name)).toEqual(new Map(listed.map(({ member }) => [member.user, member])));
            const latest = changes.findLast((change) => change.channel === name)?.version ?? 0;
            expect(version).toBeGreaterThanOrEqual(latest);
            expect(total > 0 ? version : latest).toBe(latest);
          }
        }
        for (const name of CHANNELS) {
          const versions = changes.filter(({ channel }) => channel === name).map(({ version }) => version);
          expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
        }
        fresh.close();
      }),
      { numRuns: runs, ...TIME_LIMIT },
    );
  });
}

interface Row {
  readonly channel: string;
  readonly user: string;
  readonly since: number;
  state: Json | undefined;
  /** Until when each connection counts: for ever, or those that have gone, in the order in which they went. */
  connections: { name: string; until: number }[];
}

/** The simplest thing that could be right. */
class PresenceModel {
  #rows: Row[] = [];

  enter({ channel, connection, user }: ReturnType<typeof at>, state: Json | undefined, now: number): void {
    const present = this.#rows.find((other) => other.channel === channel && other.user === user);
    const row = present ?? { channel, user, since: now, state: undefined, connections: [] };
    if (present === undefined) this.#rows.push(row);
    const known = row.connections.find(({ name }) => name === connection);
    const replaced = known ?? row.connections.find(({ until }) => until < Infinity);
    row.connections = [...row.connections.filter((each) => each !== replaced), { name: connection, until: Infinity }];
    row.state = state === undefined ? row.state : state;
  }

  leave({ channel, connection, user }: ReturnType<typeof at>, until: number): void {
    const row = this.#rows.find((other) => other.channel === channel && other.user === user);
    const left = row?.connections.find(({ name }) => name === connection);
    if (row === undefined || left === undefined) return;
    row.connections = [...row.connections.filter((each) => each !== left), { name: connection, until }];
  }

  expire(now: number): void {
    for (const row of this.#rows) row.connections = row.connections.filter(({ until }) => until > now);
    this.#rows = this.#rows.filter(({ connections }) => connections.length > 0);
  }

  members(channel: string): Member[] {
    return this.#rows
      .filter((row) => row.channel === channel)
      .map(({ user, since, state, connections }) => ({
        user,
        ...(state === undefined ? undefined : { state }),
        connections: connections.length,
        since,
      }));
  }
}

import { customAlphabet, nanoid } from 'nanoid';
import { type AppendOptions, EngineUnavailable, HeadMoved, type Log } from '../engine/engine.ts';
import type { Clock } from '../util/clock.ts';

/** Not a valid name of a channel: no client can reach it. */
const NAME = '#origin';
/** Only the latest entry counts. */
const OPTIONS: AppendOptions = { retention: { count: 1, age: 10 * 365 * 86_400_000 }, window: 0 };

/** CloudEvents use it as `source`, and the brokers of some in names. */
const idOf = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);

export interface EngineOriginParts {
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * The name of everybody who uses an engine, which differs from that of other engines: the first who
 * asks makes it, and the engine keeps it. So it is the same on all nodes of a cluster and in all
 * workers, and after a restart, unless the engine forgets everything with its process.
 *
 * @returns `undefined`: the engine is away
 */
export async function readEngineOrigin({ log, clock }: EngineOriginParts): Promise<string | undefined> {
  try {
    for (;;) {
      const { epoch, head, messages } = await log.read(NAME, 0, 1);
      const known = messages.at(-1)?.message.data;
      if (typeof known === 'string') return known;
      const own = `sluice-${idOf()}`;
      const entry = { id: nanoid(12), time: clock.now(), data: own };
      const expected = { epoch, offset: head };
      if (await isFirst(() => log.append(NAME, entry, { ...OPTIONS, expected }))) return own;
    }
  } catch (error) {
    if (error instanceof EngineUnavailable) return undefined;
    throw error;
  }
}

/** `false`: another node was faster. */
async function isFirst(append: () => ReturnType<Log['append']>): Promise<boolean> {
  try {
    await append();
    return true;
  } catch (error) {
    if (error instanceof HeadMoved) return false;
    throw error;
  }
}

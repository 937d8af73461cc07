import type { Entry } from '../engine/engine.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { BoundChannel } from './bindings.ts';
import { copyOf, isTogether, optionsOf, wantedBy } from './copies.ts';
import type { Publication } from './publication.ts';
import type { PublishServices, PublishStep } from './publish-steps.ts';

/**
 * Appends the message also to the channels that bind its channel, unless the log did so in the same
 * step. The publish is acknowledged when all of them have it.
 *
 * Within the process of a memory engine nothing can come between the appends, unless a queue is
 * full. With an engine in another process a crash can. Then the publish is not acknowledged, and
 * the publisher repeats it with its key: the keys of the copies come from the position of the
 * message, so that only what is missing is appended.
 */
export const copyToBound: PublishStep = (publication, services) => {
  const { bound, channel } = publication;
  if (bound.length === 0) return null;
  const { entry, stored } = publication.appended;
  const isRepeat = stored.id !== entry.id;
  const copies = wantedBy(bound, entry, channel)
    .filter((target) => !isRepeat || mayBeMissing(publication, target, services))
    .map((target) => attempt(() => copy(publication, target, services)));
  const failed = copies.find((copied) => copied instanceof Failed);
  if (failed !== undefined) throw failed.error;
  const pending = copies.filter((copied) => copied instanceof Promise);
  return pending.length === 0 ? null : Promise.all(pending).then(() => null);
};

/** An engine has thrown: a queue is full. */
class Failed {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** One channel that refuses a copy must not keep the others from getting theirs. */
function attempt(append: () => NowOrLater<unknown>): NowOrLater<unknown> {
  try {
    return append();
  } catch (error) {
    return new Failed(error);
  }
}

const isDone = (target: BoundChannel, { log }: PublishServices): boolean => log.copies === true && isTogether(target);

/** Can the message be appended to its own channel and not to this one? */
const mayBeMissing = (
  { appended: { waited } }: Publication,
  target: BoundChannel,
  services: PublishServices,
): boolean => !isDone(target, services) && (waited !== undefined || target.rule.queue !== null);

function copy(publication: Publication, target: BoundChannel, services: PublishServices): NowOrLater<unknown> {
  const { channel, appended } = publication;
  services.events.emit('copied', { from: channel, to: target.channel });
  if (isDone(target, services)) return undefined;
  const own: Entry = {
    ...copyOf(appended.entry, target, services.nextId),
    origin: { channel, offset: appended.stored.offset },
  };
  const key = mayBeMissing(publication, target, services) ? keyOf(publication) : undefined;
  return services.log.append(target.channel, own, optionsOf(target.rule, key));
}

/** Only a publish with a key can be repeated. */
function keyOf({ channel, draft, appended: { stored } }: Publication): string | undefined {
  return draft.key === undefined ? undefined : `copy ${channel} ${stored.epoch} ${stored.offset}`;
}

import { type AppendOptions, EngineUnavailable, type Entry } from '../engine/engine.ts';
import { chain, type NowOrLater, recover } from '../util/now-or-later.ts';
import type { BoundChannel } from './bindings.ts';
import { copyOf, isTogether, optionsOf, wantedBy } from './copies.ts';
import type { Publication } from './publication.ts';
import type { PublishServices, PublishStep } from './publish-steps.ts';

/**
 * Appends the message also to the channels that bind its channel, unless the log did so in the same
 * step. The publish is acknowledged when all of them have it.
 *
 * Between the appends, a queue may turn out to be full, and with Redis a node may crash. Then the
 * publish is not acknowledged, and the publisher repeats it with its key: the keys of the copies come
 * from the position of the message, so that only what is missing is appended. Until then, every
 * attempt renews the keys of the message and of its copies: they would expire while a queue is full.
 */
export const copyToBound: PublishStep = (publication, services) => {
  const { bound, appended } = publication;
  if (bound.length === 0) return null;
  const isRepeat = appended.stored.id !== appended.entry.id;
  if (!isRepeat) return copyAll(publication, { targets: bound, entry: appended.entry }, services);
  const targets = bound.filter((target) => mayBeMissing(publication, target, services));
  if (targets.length === 0) return null;
  return recover(
    () => copyAgain(publication, targets, services),
    (failure) =>
      chain(renewKey(publication, services), () => {
        throw failure;
      }),
  );
};

function copyAgain(
  publication: Publication,
  targets: readonly BoundChannel[],
  services: PublishServices,
): NowOrLater<null> {
  if (publication.request.source !== undefined) {
    return copyAll(publication, { targets, entry: publication.appended.entry }, services);
  }
  return chain(firstEntry(publication, services), (entry) => copyAll(publication, { targets, entry }, services));
}

/** Lets the log remember the key of a message whose copies are not complete: the publisher will repeat it. */
function renewKey(publication: Publication, { log, clock }: PublishServices): NowOrLater<unknown> {
  const { channel, key, window, appended } = publication;
  const { epoch, offset } = appended.stored;
  if (key === undefined) return undefined;
  // If the key has expired just now, the head is elsewhere, and nothing is appended.
  const expected = { epoch, offset: offset - 1 };
  const entry: Entry = { ...appended.entry, time: clock.now() };
  return recover<unknown>(
    () => log.append(channel, entry, { retention: null, window, key, renews: true, expected }),
    (error) => {
      // The publish is refused in any case.
      if (!(error instanceof EngineUnavailable)) throw error;
    },
  );
}

/**
 * What the first publish with the key has appended: the draft of this one may be another. A log
 * without history cannot tell.
 */
export function firstEntry(
  { channel, appended: { entry, stored } }: Publication,
  { log }: PublishServices,
): NowOrLater<Entry> {
  return chain(log.read(channel, stored.offset - 1, 1), ({ epoch, messages: [first] }) =>
    epoch === stored.epoch && first?.offset === stored.offset ? first.message : entry,
  );
}

/** Copies of an entry for channels that may want them. */
interface Copies {
  readonly targets: readonly BoundChannel[];
  readonly entry: Entry;
}

function copyAll(publication: Publication, { targets, entry }: Copies, services: PublishServices): NowOrLater<null> {
  const copies = wantedBy(targets, entry, publication.channel).map((target) =>
    attempt(() => copy(publication, { target, entry }, services)),
  );
  const pending = copies.filter((copied) => copied instanceof Promise);
  const failed = copies.find((copied) => copied instanceof Failed);
  if (failed !== undefined) {
    void Promise.allSettled(pending); // one failure is enough to refuse the publish
    throw failed.error;
  }
  return pending.length === 0 ? null : Promise.all(pending).then(() => null);
}

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

interface OneCopy {
  readonly target: BoundChannel;
  readonly entry: Entry;
}

function copy(publication: Publication, { target, entry }: OneCopy, services: PublishServices): NowOrLater<unknown> {
  const { channel, appended } = publication;
  services.events.emit('copied', { from: channel, to: target.channel });
  if (isDone(target, services)) return undefined;
  const own: Entry = {
    ...copyOf(entry, target, services.ids.next),
    origin: { channel, offset: appended.stored.offset },
  };
  const options = optionsOf(target.rule);
  const once = mayBeMissing(publication, target, services) ? onceOf(publication, { target, entry }, services) : {};
  return services.log.append(target.channel, own, { ...options, ...once });
}

/**
 * What keeps a repeated publish from appending its copies again. Messages of one partition may arrive
 * by several channels, and those of different channels in any order.
 */
function onceOf(publication: Publication, copied: OneCopy, services: PublishServices): Partial<AppendOptions> {
  const { source } = publication.request;
  if (source !== undefined) return { source: { ...source, partition: `${source.partition} ${publication.channel}` } };
  const key = keyOf(publication);
  return key === undefined ? {} : { key, window: windowOf(publication, copied, services), renews: true };
}

/** Without a source, only a publish with a key can be repeated. */
function keyOf({ channel, draft, appended: { stored } }: Publication): string | undefined {
  return draft.key === undefined ? undefined : `copy ${channel} ${stored.epoch} ${stored.offset}`;
}

/**
 * From the time of the message until it is certain that the publish is not repeated any more. A copy
 * may be appended, or its publish repeated, long after that time.
 */
function windowOf({ window }: Publication, { target, entry }: OneCopy, { clock }: PublishServices): number {
  const age = Math.max(0, clock.now() - entry.time);
  return age + Math.max(window, target.rule.dedupe);
}

import { type Message, matches } from '@sluice/protocol';
import type { Entry } from '../engine/engine.ts';
import type { BoundChannel } from './bindings.ts';
import type { Publication } from './publication.ts';
import { optionsOf, type PublishServices, type PublishStep } from './publish-steps.ts';

/**
 * Appends the message also to the channels that bind its channel. The publish is acknowledged when
 * all of them have it.
 *
 * Within the process of a memory engine nothing can come between the appends, unless a queue is
 * full. With another engine a crash can. Then the publish is not acknowledged, and the publisher
 * repeats it with its key: the keys of the copies come from the position of the message, so that
 * only what is missing is appended.
 */
export const copyToBound: PublishStep = (publication, services) => {
  const { bound } = publication;
  if (bound.length === 0) return null;
  const { entry, stored } = publication.appended;
  const isRepeat = stored.id !== entry.id;
  const copies = bound
    .filter((target) => isWanted(publication, target) && (!isRepeat || mayBeMissing(publication, target)))
    .map((target) => copy(publication, target, services));
  const pending = copies.filter((copied) => copied instanceof Promise);
  return pending.length === 0 ? null : Promise.all(pending).then(() => null);
};

function isWanted({ channel, appended: { entry, stored } }: Publication, { where }: BoundChannel): boolean {
  const message: Message = { ...entry, offset: stored.offset };
  return where.some((conditions) => matches(conditions, message, channel));
}

/** Can the message be appended to its own channel and not to this one? */
const mayBeMissing = ({ appended: { waited } }: Publication, { rule }: BoundChannel): boolean =>
  waited !== undefined || rule.queue !== null;

function copy(publication: Publication, target: BoundChannel, services: PublishServices) {
  const { channel, rule } = target;
  const { stored, entry } = publication.appended;
  const { from, ...content } = entry;
  const own: Entry = {
    ...content,
    id: services.nextId(),
    origin: { channel: publication.channel, offset: stored.offset },
    ...(rule.from && from !== undefined ? { from } : {}),
  };
  const copied = services.log.append(channel, own, optionsOf(rule, keyOf(publication, target)));
  services.events.emit('copied', { from: publication.channel, to: channel });
  return copied;
}

/** Only a publish with a key can be repeated. */
function keyOf(publication: Publication, target: BoundChannel): string | undefined {
  const { channel, draft, appended } = publication;
  if (draft.key === undefined || !mayBeMissing(publication, target)) return undefined;
  return `copy ${channel} ${appended.stored.epoch} ${appended.stored.offset}`;
}

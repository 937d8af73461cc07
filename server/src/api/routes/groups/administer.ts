import { ERRORS } from '@sluice/protocol';
import type { Log } from '../../../engine/engine.ts';
import { Refusal } from '../../../refusal.ts';
import { type Fields, readFields } from '../../fields.ts';
import { PAYLOADS, PayloadView } from '../../payloads.ts';
import { readNumbers } from '../../query.ts';
import type { Route } from '../../route.ts';
import { type GroupServices, onGroup, readNumber } from './group-access.ts';

export interface AdministrationServices extends GroupServices {
  readonly log: Log;
}

/** `GET …/groups/{group}`: the numbers of the group. */
export function statsRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'consume', parameters }, async ({ groups, ref, rule }) => {
      const query = readNumbers(request.query, {});
      if (query instanceof Refusal) return query;
      const { oldest, ...stats } = await groups.store.stats(ref, rule.delivery);
      const age = oldest === null ? 0 : Math.max(0, services.clock.now() - oldest);
      return { group: ref.group, ...stats, oldestAge: age };
    });
}

const PAGE = { after: { min: 0, max: Number.MAX_SAFE_INTEGER }, limit: { min: 1, max: 1_000 } };

/** `GET …/groups/{group}/dead?after&limit&payloads`: a page of the dead letters, the oldest first. */
export function deadRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'consume', parameters }, async ({ groups, ref }, by) => {
      const query = readNumbers(request.query, PAGE, [PAYLOADS]);
      if (query instanceof Refusal) return query;
      const view = PayloadView.read(request.query);
      if (view instanceof Refusal) return view;
      const { after = 0, limit = 100 } = query;
      const { letters, total } = await groups.store.dead(ref, after, limit);
      const last = letters.at(-1)?.ordinal;
      const isFull = letters.length === limit && last !== undefined;
      view.report(services.events, by, `dead letters of ${ref.channel}, group ${ref.group}`);
      const shown = letters.map(({ message, ...letter }) => ({
        ...letter,
        ...refusedOf(groups.refusalOf(ref, letter.ordinal)),
        message: view.apply(message.message),
      }));
      return { total, letters: shown, ...(isFull ? { next: last } : undefined) };
    });
}

/** Why the channel for dead letters does not accept a letter. */
const refusedOf = (refusal: Refusal | undefined) => {
  if (refusal === undefined) return {};
  const { error, detail = ERRORS[error].message } = refusal;
  return { refused: { error, detail } };
};

/** `POST …/redrive`: `{ ordinals? }`. Dead letters are delivered again, as if for the first time; absent: all. */
export function redriveRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'manage', parameters }, async ({ groups, ref, rule }) => {
      const ordinals = readOrdinals(await readFields(request, ['ordinals']));
      if (ordinals instanceof Refusal) return ordinals;
      return { redriven: await groups.store.redrive(ref, rule.delivery, ordinals ?? null) };
    });
}

/** `POST …/discard`: `{ ordinals }`. Removes dead letters for good. */
export function discardRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'manage', parameters }, async ({ groups, ref }) => {
      const ordinals = readOrdinals(await readFields(request, ['ordinals']));
      if (ordinals instanceof Refusal) return ordinals;
      if (ordinals === undefined) return new Refusal('command_invalid', NO_ORDINALS);
      return { discarded: await groups.store.bury(ref, ordinals) };
    });
}

const NO_ORDINALS = '"ordinals" must be a list of 1 to 1000 ordinals of dead letters';

function readOrdinals(fields: Fields | Refusal): readonly number[] | undefined | Refusal {
  if (fields instanceof Refusal) return fields;
  const { ordinals } = fields;
  if (ordinals === undefined) return undefined;
  const isList = Array.isArray(ordinals) && ordinals.length >= 1 && ordinals.length <= 1_000;
  const isValid = isList && ordinals.every((ordinal) => Number.isSafeInteger(ordinal) && ordinal > 0);
  return isValid ? [...new Set(ordinals as number[])] : new Refusal('command_invalid', NO_ORDINALS);
}

/**
 * `POST …/seek`: `{ offset }` or `{ time }`. Moves the group: what is before counts as settled, what is
 * after is delivered again if the log still holds it. Deliveries in flight end.
 */
export function seekRoute(services: AdministrationServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'manage', parameters }, async ({ groups, ref, rule }) => {
      const fields = await readFields(request, ['offset', 'time']);
      if (fields instanceof Refusal) return fields;
      const offset = await readTarget(services.log, ref.channel, fields);
      return offset instanceof Refusal ? offset : groups.store.seek(ref, rule.delivery, offset);
    });
}

async function readTarget(log: Log, channel: string, fields: Fields): Promise<number | Refusal> {
  if ((fields.offset === undefined) === (fields.time === undefined)) {
    return new Refusal(
      'command_invalid',
      'give "offset", the last settled message, or "time", in ms since the Unix epoch',
    );
  }
  const name = fields.offset === undefined ? 'time' : 'offset';
  const value = readNumber(fields, name, { min: 0, max: Number.MAX_SAFE_INTEGER, absent: 0 });
  if (value instanceof Refusal || name === 'offset') return value;
  return log.seek(channel, value);
}

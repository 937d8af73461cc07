import type { Log } from '../../../engine/engine.ts';
import { discard, lettersOf, numbersOf, redrive, seek } from '../../../groups/administration.ts';
import { Refusal } from '../../../refusal.ts';
import { readFields } from '../../fields.ts';
import { PAYLOADS, PayloadView } from '../../payloads.ts';
import { readNumbers } from '../../query.ts';
import type { Route } from '../../route.ts';
import { type GroupServices, onGroup } from './group-access.ts';

export interface AdministrationServices extends GroupServices {
  readonly log: Log;
}

/** `GET …/groups/{group}`: the numbers of the group. */
export function statsRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'consume', parameters }, (group) => {
      const query = readNumbers(request.query, {});
      return query instanceof Refusal ? query : numbersOf(group);
    });
}

const PAGE = { after: { min: 0, max: Number.MAX_SAFE_INTEGER }, limit: { min: 1, max: 1_000 } };

/** `GET …/groups/{group}/dead?after&limit&payloads`: a page of the dead letters, the oldest first. */
export function deadRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'consume', parameters }, async (group, by) => {
      const query = readNumbers(request.query, PAGE, [PAYLOADS]);
      if (query instanceof Refusal) return query;
      const view = PayloadView.read(request.query);
      if (view instanceof Refusal) return view;
      const { letters, ...page } = await lettersOf(group, query);
      view.report(services.events, by, `dead letters of ${group.ref.channel}, group ${group.ref.group}`);
      return { ...page, letters: letters.map((letter) => ({ ...letter, message: view.apply(letter.message) })) };
    });
}

/** `POST …/redrive`: `{ ordinals? }`. Dead letters are delivered again, as if for the first time; absent: all. */
export function redriveRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'manage', parameters }, async (group) => {
      const fields = await readFields(request, ['ordinals']);
      if (fields instanceof Refusal) return fields;
      const redriven = await redrive(group, fields.ordinals);
      return redriven instanceof Refusal ? redriven : { redriven };
    });
}

/** `POST …/discard`: `{ ordinals }`. Removes dead letters for good. */
export function discardRoute(services: GroupServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'manage', parameters }, async (group) => {
      const fields = await readFields(request, ['ordinals']);
      if (fields instanceof Refusal) return fields;
      const discarded = await discard(group, fields.ordinals);
      return discarded instanceof Refusal ? discarded : { discarded };
    });
}

/**
 * `POST …/seek`: `{ offset }` or `{ time }`. Moves the group: what is before counts as settled, what is
 * after is delivered again if the log still holds it. Deliveries in flight end.
 */
export function seekRoute(services: AdministrationServices): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'manage', parameters }, async (group) => {
      const fields = await readFields(request, ['offset', 'time']);
      return fields instanceof Refusal ? fields : seek(group, fields, services.log);
    });
}

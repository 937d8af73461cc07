import { canonical, EVERY, LIMITS } from '@sluice/protocol';
import type { Expiry } from '../../channels/expiry.ts';
import { readPage } from '../../channels/filtered-history.ts';
import type { Log } from '../../engine/engine.ts';
import { Refusal } from '../../refusal.ts';
import { type BackendServices, onChannel } from '../backend.ts';
import { PAYLOADS, PayloadView } from '../payloads.ts';
import { readFilter, readNumbers } from '../query.ts';
import type { Route } from '../route.ts';

export interface MessageServices extends BackendServices {
  readonly log: Log;
  readonly expiry: Expiry;
}

const OFFSET = { min: 0, max: Number.MAX_SAFE_INTEGER };
const PAGE = { after: OFFSET, before: OFFSET, limit: { min: 1, max: LIMITS.historyPage } };

/**
 * `GET /api/v1/channels/{channel}/messages?after|before&limit&filter&payloads`: a page of the log, oldest
 * first, as the command `history` reads it. SPEC.md section 4.6.
 */
export function messagesRoute(services: MessageServices): Route['handle'] {
  return (request, { channel = '' }) =>
    onChannel(request, services, { verb: 'history', channel }, async (_, by) => {
      const page = readNumbers(request.query, PAGE, ['filter', PAYLOADS]);
      if (page instanceof Refusal) return page;
      const view = PayloadView.read(request.query);
      if (view instanceof Refusal) return view;
      const given = readFilter(request.query);
      if (given instanceof Refusal) return given;
      if (page.after !== undefined && page.before !== undefined) {
        return new Refusal('command_invalid', 'give "after" or "before", not both');
      }
      const conditions = given.filter === undefined ? EVERY : canonical(given.filter);
      const result = await readPage(services.log, { ...page, channel, conditions }, services);
      view.report(services.events, by, `channel ${channel}`);
      return { ...result, messages: result.messages.map((message) => view.apply(message)) };
    });
}

/**
 * `GET /api/v1/channels/{channel}/position`: where the log ends, and the first offset that it still
 * holds.
 */
export function positionRoute(services: MessageServices): Route['handle'] {
  return (request, { channel = '' }) =>
    onChannel(request, services, { verb: 'history', channel }, async () => {
      const query = readNumbers(request.query, {});
      if (query instanceof Refusal) return query;
      const { epoch, head, first } = await services.log.read(channel, 0, 0);
      return { epoch, head, first };
    });
}

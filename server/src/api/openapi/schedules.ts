import { LIMITS } from '@sluice/protocol';
import { CHANNEL_NAME, PAYLOADS } from './components.ts';
import type { Operations } from './operation.ts';
import { ANY, body, list, mapOf, NUMBER, reply, text, upTo, whole } from './schema.ts';

const PAGE = { after: text({ description: 'The "next" of the page before' }), limit: whole(1, LIMITS.historyPage) };
const CONTENT = { data: ANY, event: upTo(LIMITS.eventLength), tags: mapOf(text()), ttl: whole(1, LIMITS.ttl) };
const WAITING = { ...CONTENT, from: text(), size: whole() };
const SCHEDULE = reply({ name: text(), channel: text(), cron: text() }, { ...CONTENT, timeZone: text(), next: NUMBER });

/** Messages that are published later, and recurring ones. */
export const SCHEDULE_OPERATIONS: Operations = {
  'GET /api/v1/channels/{channel}/schedules': {
    ...{ id: 'listScheduled', tag: 'schedules', needs: 'manage' },
    query: { ...PAGE, payloads: PAYLOADS },
    reply: reply({ messages: list(reply({ id: text(), at: NUMBER, channel: text() }, WAITING)) }, { next: text() }),
  },
  'GET /api/v1/schedules': {
    ...{ id: 'listSchedules', tag: 'schedules', needs: 'manage on **' },
    query: PAGE,
    reply: reply({ schedules: list(SCHEDULE) }, { next: text() }),
  },
  'PUT /api/v1/schedules/{name}': {
    ...{ id: 'putSchedule', tag: 'schedules', needs: 'manage on the channel' },
    body: body({ channel: CHANNEL_NAME, cron: text() }, { ...CONTENT, timeZone: text(), catchUp: text() }),
    reply: SCHEDULE,
  },
  'DELETE /api/v1/schedules/{name}': {
    ...{ id: 'deleteSchedule', tag: 'schedules', needs: 'manage on the channel of the schedule' },
    reply: reply({}),
  },
};

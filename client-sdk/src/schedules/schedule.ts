import type { Json } from '@sluice/protocol';
import type { ContractTypes, DataIn } from '@sluice/protocol/contracts';
import { COUNT, checkRequired, checkValues, DURATION, OBJECT, TEXT, type ValueCheck, WHOLE } from '../check-values.ts';
import { hostOf } from '../entry-host.ts';
import type { ScheduleChannel, ScheduledEvent, ScheduledMessage, ScheduleOptions } from './api.ts';

const TIME: ValueCheck = ['a date, or whole milliseconds since the Unix epoch', WHOLE[1]];
const OPTIONS: ValueCheck = ['an object with either "delay" or "at"', isDue];
const RULES = { delay: WHOLE, at: TIME, event: TEXT, tags: OBJECT, ttl: COUNT, key: TEXT, timeout: DURATION };

function isDue(value: unknown): boolean {
  if (!OBJECT[1](value)) return false;
  const { delay, at } = value as ScheduleOptions;
  return (delay === undefined) !== (at === undefined);
}

/**
 * Schedules a message: the gateway publishes it when it is due, whether this page is open or not. Like
 * a publish, it is sent again after a lost connection, and scheduled once.
 *
 * @returns resolves when the gateway has stored it; rejects with a `SluiceError`: `command_invalid` if
 *   the channel's rule has no `schedule` or the time is too far ahead, `too_many_scheduled`…
 *
 * @example
 * import { schedule } from '@sluice/client/schedules';
 *
 * const channel = client.channel('user:ada');
 * await schedule(channel, { title: 'Stand-up' }, { delay: 3_600_000, event: 'reminder' });
 */
export async function schedule<Types extends ContractTypes, Event extends ScheduledEvent<Types> = never>(
  channel: ScheduleChannel<Types>,
  data: DataIn<Types, Event>,
  options: ScheduleOptions<Event>,
): Promise<ScheduledMessage> {
  checkRequired('options', options, OPTIONS);
  const { signal, timeout, delay, at, ...rest } = options;
  const time = at instanceof Date ? at.getTime() : at;
  checkValues({ ...rest, timeout, delay, at: time }, RULES);
  const host = hostOf(channel);
  const { copy } = host.calls.copy({ data: data as Json, ...rest });
  const body = {
    ...{ type: 'schedule', channel: channel.name },
    // 128 random bits, as for a publish. SPEC.md section 4.5.
    key: crypto.getRandomValues(new Uint32Array(4)).join('-'),
    ...copy,
    ...(time === undefined ? { delay } : { at: time }),
  } as const;
  return host.execute(body as Parameters<typeof host.execute<'schedule'>>[0], { signal, timeout });
}

import { checkRequired, checkValues, DURATION, type ValueCheck } from '../check-values.ts';
import { hostOf } from '../entry-host.ts';
import type { MessageOptions, ScheduleChannel, ScheduledMessage } from './api.ts';

const ID: ValueCheck = ['the "id" of a scheduled message', (value) => typeof value === 'string' && value !== ''];

/**
 * Withdraws a message that this user has scheduled.
 *
 * @param message the result of `schedule`, or its `id`
 * @returns rejects with `not_scheduled` if it was published or withdrawn before. A repeat after a lost
 *   connection that the gateway had carried out already rejects so, too
 *
 * @example
 * import { schedule, unschedule } from '@sluice/client/schedules';
 *
 * const channel = client.channel('user:ada');
 * const reminder = await schedule(channel, { title: 'Stand-up' }, { delay: 3_600_000 });
 * await unschedule(channel, reminder);
 */
export async function unschedule(
  channel: ScheduleChannel,
  message: string | Pick<ScheduledMessage, 'id'>,
  { signal, timeout }: Pick<MessageOptions, 'signal' | 'timeout'> = {},
): Promise<void> {
  const id = typeof message === 'string' ? message : (message as ScheduledMessage | null | undefined)?.id;
  checkRequired('message', id, ID);
  checkValues({ timeout }, { timeout: DURATION });
  const host = hostOf(channel);
  await host.execute({ type: 'unschedule', channel: channel.name, message: id as string }, { signal, timeout });
}

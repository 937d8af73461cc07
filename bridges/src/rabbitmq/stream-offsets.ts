import type { Clock, Timer } from '@sluice/server/bridging';
import type { ConsumeMessage } from 'amqplib';
import type { RabbitConnection } from './rabbitmq-connection.ts';

/** 0, 1, 2… within a stream queue; `undefined`: the message has none. */
export function offsetIn({ properties }: ConsumeMessage): number | undefined {
  const { 'x-stream-offset': offset } = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  return offset === undefined ? undefined : Number(offset);
}

/**
 * Is a queue a stream queue? RabbitMQ refuses an offset to consumers of others.
 *
 * Only for a queue that has delivered messages with offsets: they may also come from a stream and be in another queue now,
 * and a broker that ignores the offset would deliver a message here.
 */
export async function isStream(connection: RabbitConnection, queue: string): Promise<boolean> {
  try {
    await connection.aside(async (channel) => {
      await channel.prefetch(1);
      await channel.consume(queue, () => {}, { arguments: { 'x-stream-offset': 'next' } });
    });
    return true;
  } catch (error) {
    if (isNoOffset(error)) return false;
    throw error;
  }
}

/** Was a consumer refused because its queue has no offsets? */
export const isNoOffset = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("invalid arg 'x-stream-offset'");

/** Milliseconds for the first message that a stream has. */
const FIRST_MESSAGE = 20_000;

/**
 * The offset of the first message that a stream has.
 *
 * @throws Error if the stream delivers none in time
 */
export const firstOffset = (connection: RabbitConnection, stream: string, clock: Clock): Promise<number> =>
  connection.aside(async (channel) => {
    await channel.prefetch(1);
    let timer: Timer | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        const late = `the stream "${stream}" has not delivered its first message within ${FIRST_MESSAGE / 1_000} s`;
        timer = clock.after(FIRST_MESSAGE, () => reject(new Error(late)));
        const receive = (message: ConsumeMessage | null) => {
          if (message === null) reject(new Error(`the stream "${stream}" was deleted`));
          else resolve(offsetIn(message) ?? 0);
        };
        channel.consume(stream, receive, { arguments: { 'x-stream-offset': 'first' } }).catch(reject);
      });
    } finally {
      timer?.cancel();
    }
  });

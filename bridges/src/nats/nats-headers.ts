import type { MsgHdrs } from '@nats-io/transport-node';
import type { SourceRecord } from '../source.ts';

/**
 * The headers of a message, each with its first value.
 *
 * The server stores headers as they come. The client reads them here for the first time, and throws if it cannot.
 */
export function headersOf(message: {
  readonly headers?: MsgHdrs | undefined;
}): Pick<SourceRecord, 'headers' | 'fault'> {
  try {
    const { headers } = message;
    const named = (headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? '']);
    return { headers: Object.fromEntries(named) };
  } catch {
    return { headers: {}, fault: 'its headers are not valid' };
  }
}

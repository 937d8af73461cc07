import type { MsgHdrs } from '@nats-io/transport-node';

/** The headers of a message, each with its first value. */
export const headersOf = (headers: MsgHdrs | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? '']));

import type { Json } from '@sluice/protocol';

/** One thing that a node did. Further fields depend on `type`; docs/operations.md lists them. */
export interface TapEntry {
  /** Milliseconds since the Unix epoch, by the clock of the node. */
  readonly time: number;
  readonly node: string;
  readonly type: TapType;
  readonly connection?: string | undefined;
  readonly user?: string;
  readonly channel?: string | undefined;
  readonly [field: string]: unknown;
}

/** What an entry of a tap tells. */
export type TapType =
  | 'connected'
  | 'closed'
  | 'command'
  | 'refused'
  | 'subscribed'
  | 'unsubscribed'
  | 'published'
  | 'delivered'
  | 'replaying'
  | 'replayed'
  | 'overflowed'
  | 'gap'
  | 'state';

/** Characters of a payload's JSON that are shown; of a larger one only the size. */
const LARGEST_PAYLOAD = 4_096;

/** The data of a command or a message, or its size if it is large. */
export function showPayload(data: Json | undefined): { data?: Json; size?: number } {
  if (data === undefined) return {};
  const size = JSON.stringify(data).length;
  return size <= LARGEST_PAYLOAD ? { data } : { size };
}

/** Characters of the data as JSON. */
export const sizeOf = (data: Json | undefined): { size?: number } =>
  data === undefined ? {} : { size: JSON.stringify(data).length };

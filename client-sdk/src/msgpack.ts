/**
 * The binary codec, in a file of its own so that only pages that use it load it.
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { msgpack } from '@sluice/client/msgpack';
 *
 * const client = createClient({ url: 'wss://example.com/ws', codec: msgpack });
 *
 * @packageDocumentation
 */
export type { Codec } from '@sluice/protocol';
export { msgpack } from '@sluice/protocol/msgpack';

/**
 * Bytes of a frame from which uWebSockets.js writes a publish to each subscriber at once instead of
 * batching it.
 */
export const BATCH_LIMIT = 16_384;

/** Sizes and times that several parts share, each once, with its reason. */

/**
 * Bytes that may still wait for a connection's reader when more than replies are handed to it:
 * enough to keep the reader busy for a round trip, and far below the smallest outbound limit, so
 * that whatever is added then does not overflow the buffer.
 */
export const LOW_WATER = 65_536;

/**
 * Bytes of one page of history, one page of members and one list of members: a reply of this size
 * leaves the connection room for more. SPEC.md section 4.6.
 */
export const PAGE_BYTES = 262_144;

/** Bytes of messages in one replayed frame: a longer frame would hold up the other frames of a slow reader. */
export const REPLAY_FRAME_BYTES = 15_800;

/**
 * Bytes that the envelope of a frame of messages may add to them: a channel name of 200 characters,
 * an epoch, and the field names.
 */
export const ENVELOPE_BYTES = 584;

/** Messages that a channel collects within its window (`coalesce`) at most: a bound for their memory. */
export const COALESCED_MESSAGES = 256;

/**
 * Milliseconds until the gateway asks an engine again that did not answer: soon for a restart, rare
 * enough for an outage.
 */
export const ENGINE_RETRY = 1_000;

/**
 * Milliseconds after which a client may retry what failed because the gateway or its engine could
 * not serve it (`retryAfter`).
 */
export const CLIENT_RETRY = 1_000;

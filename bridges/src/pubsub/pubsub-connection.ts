import type { PubSub } from '@google-cloud/pubsub';
import type { BridgeOptions } from '@sluice/server/bridging';
import { textOption } from '../options.ts';

/** The package of the client, loaded. */
export type PubsubClient = typeof import('@google-cloud/pubsub');

/** Milliseconds for one call. */
export const CALL = 10_000;

/** One attempt: the runner has a backoff of its own. */
export const ONCE = { timeout: CALL, retry: null };

/** A client with connections of its own, which it opens when it needs them. */
export function clientFor({ PubSub }: PubsubClient, connection: BridgeOptions): PubSub {
  const { endpoint, emulator, keyFile } = connection;
  return new PubSub({
    projectId: textOption(connection, 'project'),
    ...(typeof endpoint === 'string' && { apiEndpoint: endpoint, emulatorMode: false }),
    ...(typeof emulator === 'string' && { apiEndpoint: emulator, emulatorMode: true }),
    ...(typeof keyFile === 'string' && { keyFilename: keyFile }),
  });
}

/** The status of gRPC: the account may use a subscription or topic, and not look at it. */
const PERMISSION_DENIED = 7;

/** Asks whether the service answers, and has what the bridge needs. */
export async function probe(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if ((error as { code?: unknown }).code !== PERMISSION_DENIED) throw error;
  }
}

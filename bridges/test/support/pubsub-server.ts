import { findGoProgram, howToBuild, PSTEST } from '../../../scripts/go-programs.mjs';
import { BrokerServer } from './broker-server.ts';
import { missing } from './programs.ts';
import { type ProxiedServer, startProxied } from './proxied-server.ts';

// No machine of Google's is near: its client would look for one, and warn.
process.env.METADATA_SERVER_DETECTION = 'none';

/** Why the tests with Pub/Sub are skipped; `false`: they run. */
export const missingPubsub = missing(findGoProgram(PSTEST), howToBuild(PSTEST));

export type PubsubServer = ProxiedServer;

/**
 * Google's fake of Pub/Sub behind a proxy. The service never forgets a message, and the fake does, so
 * tests stop the proxy: to a bridge, the service is away.
 */
export async function startPubsub(): Promise<PubsubServer> {
  const server = await BrokerServer.start(({ port }) => ({
    command: findGoProgram(PSTEST) ?? PSTEST.name,
    args: [`${port}`],
  }));
  return startProxied(server);
}

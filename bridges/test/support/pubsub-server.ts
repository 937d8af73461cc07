import { fileURLToPath } from 'node:url';
import { findGoProgram, howToBuild, PSTEST } from '../../../scripts/go-programs.mjs';
import { BrokerServer } from './broker-server.ts';
import { missing } from './programs.ts';

// No machine of Google's is near: its client would look for one, and warn.
process.env.METADATA_SERVER_DETECTION = 'none';

const PROXY = fileURLToPath(new URL('./tcp-proxy.mjs', import.meta.url));

/** Why the tests with Pub/Sub are skipped; `false`: they run. */
export const missingPubsub = missing(findGoProgram(PSTEST), howToBuild(PSTEST));

export interface PubsubServer extends BrokerServer {
  /** The port of Pub/Sub itself, for the tests. */
  readonly direct: number;
}

/**
 * Google's fake of Pub/Sub behind a proxy. The service never forgets a message, and the fake does, so
 * tests stop the proxy: to a bridge, the service is away.
 */
export async function startPubsub(): Promise<PubsubServer> {
  const server = await BrokerServer.start(({ port }) => ({
    command: findGoProgram(PSTEST) ?? PSTEST.name,
    args: [`${port}`],
  }));
  const proxy = await BrokerServer.start(({ port }) => ({
    command: process.execPath,
    args: [PROXY, `${port}`, `${server.port}`],
  }));
  return Object.assign(proxy, { direct: server.port });
}

/**
 * Bridges between the channels of a gateway and message brokers. The gateway loads this package if
 * its configuration has `bridges`; programs need none of it.
 *
 * @packageDocumentation
 */
import type { Bridge, BridgeConfig, BridgeHost } from '@sluice/server/bridging';
import { SinkRunner } from './sink-runner.ts';
import { SourceRunner } from './source-runner.ts';
import { SYSTEMS } from './systems.ts';

export { MissingClient } from './load-client.ts';

/**
 * Loads a bridge, with the client of its broker. It connects when it runs.
 *
 * @throws MissingClient that names the command to install the client
 */
export async function loadBridge(config: BridgeConfig, host: BridgeHost): Promise<Bridge> {
  const load = SYSTEMS[config.system];
  if (load === undefined)
    throw new Error(`@sluice/bridges has no system "${config.system}". Update it with the gateway`);
  const { loadSource, loadSink } = await load();
  if (config.direction === 'in') {
    if (loadSource === undefined) throw new Error(`the system "${config.system}" has no source`);
    return new SourceRunner({ config, host, source: await loadSource(config, host) });
  }
  if (loadSink === undefined) throw new Error(`the system "${config.system}" has no sink`);
  return new SinkRunner({ config, host, sink: await loadSink(config) });
}

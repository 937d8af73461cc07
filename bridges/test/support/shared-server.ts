import type { BrokerServer } from './broker-server.ts';

/**
 * One server for all suites of a test file, which is started at its first use and stopped at the end of
 * the file. Each test has queues, streams or topics of its own. If a test has left it stopped, it is
 * started again.
 */
export function shared<T extends BrokerServer>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return async () => {
    started ??= start();
    const server = await started;
    if (!server.isRunning) await server.restart();
    return server;
  };
}

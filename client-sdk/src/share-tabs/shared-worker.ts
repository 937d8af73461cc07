/**
 * The tab gateway of all tabs, as a SharedWorker. `share-tabs.js` loads it. It is self-contained,
 * so bundlers need not split it.
 *
 * @packageDocumentation
 */
import { createClient } from '../client.ts';
import type { ToTabGateway } from './envelope.ts';
import type { Locks } from './locks.ts';
import { type MessageEndpoint, overPort } from './ports.ts';
import { TabGateway } from './tab-gateway.ts';

interface WorkerScope {
  readonly navigator: { readonly locks?: Locks };
  dispatchEvent(event: Event): boolean;
  onconnect: ((event: { readonly ports: readonly MessageEndpoint[] }) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;
const tabGateway = new TabGateway({
  create: createClient,
  locks: scope.navigator.locks,
  // A worker has no visibility events, so notify its clients with the event of a page that was frozen.
  wake: () => scope.dispatchEvent(new Event('resume')),
});

scope.onconnect = ({ ports: [port] }) => {
  if (!port) return;
  port.onmessage = ({ data }: MessageEvent<ToTabGateway>) => {
    if (data.type === 'hello') tabGateway.attach(() => overPort(port), data);
  };
};

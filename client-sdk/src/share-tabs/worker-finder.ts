import type { ToTab } from './envelope.ts';
import { type MessageEndpoint, overPort } from './ports.ts';
import type { Finder, GatewayLink } from './tab.ts';

/** The part of `SharedWorker` that the finder uses. */
export interface WorkerHandle {
  readonly port: MessageEndpoint;
  onerror: ((event: never) => void) | null;
}

// Milliseconds for a worker to load and answer.
const TIMEOUT = 1500;

/** Finds the tab gateway in a SharedWorker. */
export class WorkerFinder implements Finder {
  readonly #start: () => WorkerHandle;
  #distrusted = false;

  /** @param start loads the worker, or connects to the worker that another tab has loaded */
  constructor(start: () => WorkerHandle) {
    this.#start = start;
  }

  find(hello: Parameters<Finder['find']>[0]): Promise<GatewayLink> {
    return new Promise((resolve, reject) => {
      if (this.#distrusted) throw new Error('The worker did not answer.');
      const worker = this.#start();
      const late = setTimeout(() => {
        worker.port.close();
        reject(new Error('The worker does not answer.'));
      }, TIMEOUT);
      // The file is missing, or the page's Content-Security-Policy forbids it.
      worker.onerror = () => reject(new Error('The worker cannot be loaded.'));
      worker.port.onmessage = ({ data }) => {
        const welcome = data as ToTab;
        if (welcome.type !== 'welcome') return;
        clearTimeout(late);
        resolve({ port: overPort(worker.port), lock: welcome.lock });
      };
      worker.port.postMessage(hello);
    });
  }

  distrust(): void {
    this.#distrusted = true;
  }
}

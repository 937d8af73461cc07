import { setMaxListeners } from 'node:events';

/**
 * Waits for something that may never come from a connection that is lost. Rejects with the reason of
 * the signal. A race with a promise that lasts as long as the connection would keep every result.
 */
export function unlessLost<T>(lost: AbortSignal, awaited: Promise<T>): Promise<T> {
  // Each batch in flight listens while it lasts: that is no leak, of which Node.js would warn.
  setMaxListeners(0, lost);
  return new Promise((resolve, reject) => {
    const fail = () => reject(lost.reason);
    if (lost.aborted) fail();
    lost.addEventListener('abort', fail, { once: true });
    awaited.then(resolve, reject).finally(() => lost.removeEventListener('abort', fail));
  });
}

import type { Port } from './envelope.ts';

/** What is needed of a `MessagePort` or a `BroadcastChannel`. */
export interface Postbox {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** A line over a `MessagePort`: only the two ends hear it. */
export function overPort<In, Out>(box: Postbox): Port<In, Out> {
  return {
    post: (message) => box.postMessage(message),
    listen(hear) {
      box.onmessage = ({ data }) => hear(data as In);
    },
    close: () => box.close(),
  };
}

/**
 * A line over a `BroadcastChannel` of the tab's own. An older tab gateway may still be on it, so every message says for which tab gateway,
 * or from which, it is.
 */
export function overBroadcast<In, Out>(box: Postbox, tabGateway: string): Port<In, Out> {
  return {
    post: (message) => box.postMessage({ tabGateway, message }),
    listen(hear) {
      box.onmessage = ({ data }) => {
        if (data.tabGateway === tabGateway) hear(data.message as In);
      };
    },
    close: () => box.close(),
  };
}

import type { Port } from './envelope.ts';

/** The common part of `MessagePort` and `BroadcastChannel`. */
export interface Postbox {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** A connection over a `MessagePort`: only the two ends receive the messages. */
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
 * A connection over a tab's own `BroadcastChannel`. An older tab gateway may still use the channel,
 * so each message names the tab gateway that it comes from or is meant for.
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

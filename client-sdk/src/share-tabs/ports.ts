import type { Port } from './envelope.ts';

/** The common part of `MessagePort` and `BroadcastChannel`. */
export interface MessageEndpoint {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** A connection over a `MessagePort`: only the two ends receive the messages. */
export function overPort<In, Out>(endpoint: MessageEndpoint): Port<In, Out> {
  return {
    post: (message) => endpoint.postMessage(message),
    listen(handler) {
      endpoint.onmessage = ({ data }) => handler(data as In);
    },
    close: () => endpoint.close(),
  };
}

/**
 * A connection over a tab's own `BroadcastChannel`. An older tab gateway may still use the channel,
 * so each message names the tab gateway that it comes from or is meant for.
 */
export function overBroadcast<In, Out>(endpoint: MessageEndpoint, tabGateway: string): Port<In, Out> {
  return {
    post: (message) => endpoint.postMessage({ tabGateway, message }),
    listen(handler) {
      endpoint.onmessage = ({ data }) => {
        if (data.tabGateway === tabGateway) handler(data.message as In);
      };
    },
    close: () => endpoint.close(),
  };
}

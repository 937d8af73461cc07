import { type HttpReply, jsonReply } from '../../transport/http.ts';

/** `GET /health/live`: the process answers. */
export const live = (): HttpReply => jsonReply(200, { status: 'ok' });

/**
 * `GET /health/ready`: 200 if the node accepts new connections, otherwise 503 with the reason; and
 * this node's name.
 */
export function ready({ isReady, node }: { isReady: () => true | string; node: string }): () => HttpReply {
  return () => {
    const state = isReady();
    if (state === true) return jsonReply(200, { status: 'ok', node });
    return jsonReply(503, { status: 'unavailable', reason: state, node });
  };
}

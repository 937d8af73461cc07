import { jsonReply, type Reply } from '../../transport/http.ts';

/** `GET /health/live`: the process answers. */
export const live = (): Reply => jsonReply(200, { status: 'ok' });

/** `GET /health/ready`: 200 while new connections are welcome, 503 otherwise, with the reason. */
export function ready(isReady: () => true | string): () => Reply {
  return () => {
    const state = isReady();
    return state === true ? jsonReply(200, { status: 'ok' }) : jsonReply(503, { status: 'unavailable', reason: state });
  };
}

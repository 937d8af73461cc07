import { MISSING } from './components.ts';
import type { Operations } from './operation.ts';
import { list, mapOf, oneOf, orNull, reply, text, whole } from './schema.ts';

/** Bridges to message brokers, over all nodes. */
export const BRIDGE_OPERATIONS: Operations = {
  'GET /api/v1/bridges': {
    ...{ id: 'listBridges', tag: 'nodes', needs: 'manage on **' },
    reply: reply(
      {
        bridges: list(
          reply({
            name: text(),
            system: text(),
            direction: oneOf('in', 'out'),
            channel: text(),
            state: oneOf('standby', 'connecting', 'running', 'holding', 'waiting', 'failed', 'stopped'),
            node: orNull(text()),
            error: orNull(text()),
            errorTime: orNull(whole()),
            counts: mapOf(whole()),
            lag: orNull(whole()),
          }),
        ),
      },
      MISSING,
    ),
  },
};

import type { Operations } from './operation.ts';
import { list, mapOf, oneOf, orNull, reply, text, whole } from './schema.ts';

/** Bridges to message brokers, as one node knows them. */
export const BRIDGE_OPERATIONS: Operations = {
  'GET /api/v1/bridges': {
    ...{ id: 'listBridges', tag: 'nodes', needs: 'an API key without caps' },
    reply: reply({
      bridges: list(
        reply({
          name: text(),
          system: text(),
          direction: oneOf('in', 'out'),
          state: oneOf('standby', 'connecting', 'running', 'holding', 'waiting', 'failed', 'stopped'),
          error: orNull(text()),
          counts: mapOf(whole()),
          lag: orNull(whole()),
        }),
      ),
    }),
  },
};

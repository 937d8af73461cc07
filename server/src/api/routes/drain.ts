import type { Signal } from '../../engine/engine.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { errorReply } from '../errors.ts';
import { readFields } from '../fields.ts';
import { asTrusted, type RevocationServices } from './revocations.ts';

export interface DrainServices extends Pick<RevocationServices, 'apiKeys' | 'verifier'> {
  /** Notifies all nodes. */
  readonly signal: (signal: Signal) => void | Promise<void>;
}

/**
 * `POST /api/v1/drain { node }`: the named node closes its connections and stops. Any node accepts
 * the request.
 */
export function drainRoute(services: DrainServices): (request: Request) => Promise<HttpReply> {
  return (request) =>
    asTrusted(request, services, async () => {
      const fields = await readFields(request, ['node']);
      if (fields instanceof Refusal) return errorReply(fields);
      const { node } = fields;
      if (typeof node !== 'string' || node === '') {
        return errorReply(new Refusal('command_invalid', '"node" must be the name of a node, as in /health/ready'));
      }
      await services.signal({ type: 'drain', node });
      return jsonReply(202, { node });
    });
}

import type { ApiKeys } from '../../auth/secrets.ts';
import type { Verifier } from '../../auth/token.ts';
import type { BridgeStatus } from '../../bridges/bridge-status.ts';
import { jsonReply } from '../../transport/http.ts';
import type { Route } from '../route.ts';
import { asTrusted } from './revocations.ts';

export interface BridgeServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: Verifier;
  /** The bridges of this node. */
  readonly bridges: { status(): Promise<readonly BridgeStatus[]> };
}

/** `GET /api/v1/bridges`: the state of each bridge on this node. */
export function bridgesRoute(services: BridgeServices): Route['handle'] {
  return (request) =>
    asTrusted(request, services, async () => jsonReply(200, { bridges: await services.bridges.status() }));
}

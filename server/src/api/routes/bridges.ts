import type { BridgeList } from '../../manage/bridge-list.ts';
import { asManager, EVERYTHING, type ManageServices } from '../manager.ts';
import { refuseOptions } from '../query.ts';
import type { Route } from '../route.ts';

export interface BridgeServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly bridgeList: Pick<BridgeList, 'report'>;
}

/** `GET /api/v1/bridges`: the state of each bridge, over all nodes. */
export function bridgesRoute({ bridgeList, ...services }: BridgeServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => refuseOptions(request.query) ?? bridgeList.report());
}

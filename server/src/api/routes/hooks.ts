import type { HookList } from '../../manage/hook-list.ts';
import { asManager, EVERYTHING, type ManageServices } from '../manager.ts';
import { refuseOptions } from '../query.ts';
import type { Route } from '../route.ts';

export interface HookServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly hookList: Pick<HookList, 'report' | 'find'>;
}

const API = '/api/v1/hooks';

/** The routes for hooks: how they do, over all nodes. */
export function hookRoutes({ hookList, ...services }: HookServices): readonly Route[] {
  return [
    {
      ...{ method: 'GET', path: API, summary: 'The hooks, with their state and their numbers' },
      handle: (request) =>
        asManager(request, services, EVERYTHING, () => refuseOptions(request.query) ?? hookList.report()),
    },
    {
      ...{ method: 'GET', path: `${API}/{hook}`, summary: 'One hook, with its state and its numbers' },
      handle: (request, { hook = '' }) =>
        asManager(request, services, EVERYTHING, () => refuseOptions(request.query) ?? hookList.find(hook)),
    },
  ];
}

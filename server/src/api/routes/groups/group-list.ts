import type { GroupList } from '../../../manage/group-list.ts';
import { Refusal } from '../../../refusal.ts';
import { asManager, EVERYTHING, type ManageServices } from '../../manager.ts';
import { readNumbers } from '../../query.ts';
import type { Route } from '../../route.ts';

export interface GroupListServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly groupList: GroupList;
}

/** `GET /api/v1/groups`: the consumer groups that the nodes have used lately. Needs `manage` on all channels. */
export function groupListRoute(services: GroupListServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => {
      const query = readNumbers(request.query, {});
      return query instanceof Refusal ? query : services.groupList.report();
    });
}

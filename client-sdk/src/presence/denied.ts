import { PERMISSION_DENIED } from '../codes.ts';
import type { SluiceError } from '../errors.ts';
import type { Ended, RemoteResource } from '../remote-resource.ts';

/** The error for a resource that the gateway ended, because the identity lost the permission. */
export function denied(resource: Pick<RemoteResource, 'ended' | 'host'>, push: Ended): SluiceError {
  return resource.host.refusal(PERMISSION_DENIED, 'permission_denied', resource.ended(push));
}

import type { SluiceError } from '../errors.ts';
import type { RemoteResource } from '../remote-resource.ts';

/** The gateway ended what the channel kept there, because this identity lost the permission. */
export function denied(resource: Pick<RemoteResource, 'ended' | 'host'>, reason: string): SluiceError {
  return resource.host.refusal(4306, 'permission_denied', resource.ended(reason));
}

import type { EnterRequest } from './presence.ts';

/** Everything that a connection has asked for: what a request does not have stays as it was before. */
export function mergeEnter(before: EnterRequest | undefined, request: EnterRequest): EnterRequest {
  const { channel, connection, user, withoutInfo, info = withoutInfo ? undefined : before?.info } = request;
  const { state = before?.state } = request;
  return {
    ...{ channel, connection, user },
    ...(info === undefined ? undefined : { info }),
    ...(state === undefined ? undefined : { state }),
  };
}

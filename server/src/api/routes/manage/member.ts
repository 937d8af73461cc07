import { channelNameFault, type Json } from '@sluice/protocol';
import { Refusal } from '../../../refusal.ts';
import type { Request } from '../../../transport/http.ts';
import { readFields } from '../../fields.ts';
import { asManager } from '../../manager.ts';
import { refuseOptions } from '../../query.ts';
import type { Parameters, Route } from '../../route.ts';
import type { ActionServices } from './act.ts';

/** `PUT /api/v1/channels/{channel}/members/{user} { state?, info? }`: enters a member without a connection. */
export function enterMemberRoute({ manage, ...services }: ActionServices): Route['handle'] {
  return (request, parameters) =>
    onMember(request, services, parameters, async (channel, user) => {
      const fields = await readFields(request, ['state', 'info']);
      if (fields instanceof Refusal) return fields;
      const { state, info } = fields as { readonly state?: Json; readonly info?: Json };
      const member = { channel, user, ...(state !== undefined && { state }), ...(info !== undefined && { info }) };
      return (await manage.enter(member)) ?? {};
    });
}

/** `DELETE /api/v1/channels/{channel}/members/{user}`. */
export function removeMemberRoute({ manage, ...services }: ActionServices): Route['handle'] {
  return (request, parameters) =>
    onMember(request, services, parameters, async (channel, user) => {
      const strange = refuseOptions(request.query);
      if (strange !== null) return strange;
      const report = await manage.leave(channel, user);
      if (report instanceof Refusal) return report;
      return report.missing === undefined ? {} : { missing: report.missing };
    });
}

function onMember(
  request: Request,
  services: Pick<ActionServices, 'apiKeys' | 'verifier'>,
  { channel = '', user = '' }: Parameters,
  act: (channel: string, user: string) => Promise<object>,
): ReturnType<typeof asManager> {
  return asManager(request, services, channel, () => {
    const fault = channelNameFault(channel);
    return fault === null ? act(channel, user) : new Refusal('channel_invalid', fault);
  });
}

import type { Identity, Verb } from '../../../auth/identity.ts';
import { findGroup, type GroupTarget } from '../../../groups/group-names.ts';
import type { Groups } from '../../../groups/groups.ts';
import { Refusal } from '../../../refusal.ts';
import type { HttpReply, Request } from '../../../transport/http.ts';
import { type Answer, asBackend, type BackendServices, permit } from '../../backend.ts';
import type { Fields } from '../../fields.ts';
import type { Parameters } from '../../route.ts';

export interface GroupServices extends BackendServices {
  /** `undefined`: the engine has no consumer groups. */
  readonly groups: Groups | undefined;
}

/** A group that a backend may use. */
export interface PermittedGroup extends GroupTarget {
  readonly groups: Groups;
}

/** The group of a path. */
export interface GroupPath {
  readonly verb: Verb;
  readonly parameters: Parameters;
}

/** Runs `act` for a backend that may use the verb on the channel, and so the group. */
export function onGroup(
  request: Request,
  services: GroupServices,
  path: GroupPath,
  act: (group: PermittedGroup, by: Identity) => Answer | Promise<Answer>,
): Promise<HttpReply> {
  return asBackend(request, services, async (by) => {
    const group = await permitGroup(services, by, path);
    return group instanceof Refusal ? group : act(group, by);
  });
}

/** May this backend use the verb on the channel, and which group is it? */
export async function permitGroup(
  services: GroupServices,
  by: Identity,
  { verb, parameters: { channel = '', group } }: GroupPath,
): Promise<PermittedGroup | Refusal> {
  const decision = await permit(services, by, { verb, channel });
  if (decision instanceof Refusal) return decision;
  const target = findGroup(decision, by, { channel, group });
  if (target instanceof Refusal) return target;
  const { groups } = services;
  return groups === undefined ? new Refusal('group_unknown', 'the engine has no groups') : { ...target, groups };
}

/** A whole number of a body; absent: the default. */
export function readNumber(
  fields: Fields,
  name: string,
  { min, max, absent }: { min: number; max: number; absent: number },
): number | Refusal {
  const { [name]: value = absent } = fields;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  return new Refusal('command_invalid', `"${name}" must be an integer from ${min} to ${max}`);
}

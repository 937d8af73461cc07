import type { Identity, Verb } from '../../../auth/identity.ts';
import { findGroup, type GroupTarget } from '../../../groups/group-names.ts';
import type { Groups } from '../../../groups/groups.ts';
import { Refusal } from '../../../refusal.ts';
import type { HttpReply, Request } from '../../../transport/http.ts';
import { type Answer, asBackend, type BackendServices, permit } from '../../backend.ts';
import { readJson } from '../../body.ts';
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

/** The fields of a request's body. */
export type Fields = Readonly<Record<string, unknown>>;

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

/** Reads a body as an object that has no fields but these; an empty body has none. */
export async function readFields(request: Request, known: readonly string[]): Promise<Fields | Refusal> {
  if (request.bodyLength === 0) return {};
  const body = await readJson(request);
  if (body instanceof Refusal) return body;
  const { value } = body;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Refusal('command_invalid', `the body must be an object { ${known.join(', ')} }`);
  }
  const strange = Object.keys(value).find((name) => !known.includes(name));
  if (strange === undefined) return value as Fields;
  const shown = JSON.stringify(strange.slice(0, 40));
  return new Refusal('command_invalid', `unknown field ${shown}; the fields are ${known.join(', ')}`);
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

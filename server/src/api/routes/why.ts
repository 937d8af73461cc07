import type { Identity } from '../../auth/identity.ts';
import { Refusal } from '../../refusal.ts';
import type { RefuseChannel, Why, WhyAnswer, WhyQuery } from '../../why/why.ts';
import { refuseWhyQuery } from '../../why/why-query.ts';
import { asCaller, type BackendServices, permit } from '../backend.ts';
import { EVERYTHING, refuseManaging } from '../manager.ts';
import { readNumbers } from '../query.ts';
import type { Route } from '../route.ts';

export interface WhyServices extends BackendServices {
  readonly why: Why;
}

const TEXTS = ['user', 'connection', 'message', 'channel'] as const;
const OFFSET = { offset: { min: 1, max: Number.MAX_SAFE_INTEGER } };

/**
 * `GET /api/v1/why?user|connection&message|channel&offset`: what became of a message for a user, or on
 * one connection, on all nodes. Needs `manage` on the message's channel; without `channel`, an API key
 * or `manage` on all channels.
 */
export function whyRoute(services: WhyServices): Route['handle'] {
  return (request) =>
    asCaller(request, services, async (by) => {
      const query = readQuery(request.query);
      return query instanceof Refusal ? query : explainMessage(services, by, query);
    });
}

async function explainMessage(services: WhyServices, by: Identity, query: WhyQuery): Promise<WhyAnswer | Refusal> {
  const refuse: RefuseChannel = async (channel) => {
    const decision = await permit(services, by, { verb: 'manage', channel });
    return decision instanceof Refusal ? decision : null;
  };
  const refusal = query.channel === undefined ? refuseSearch(by) : await refuse(query.channel);
  if (refusal !== null) return refusal;
  const subject = await services.why.find(query, refuse);
  return subject instanceof Refusal ? subject : services.why.explain(subject, query);
}

/** A search over all channels asks all nodes. */
function refuseSearch(by: Identity): Refusal | null {
  if (by.name !== undefined || refuseManaging(by, EVERYTHING) === null) return null;
  return new Refusal('permission_denied', 'a search over all channels needs "manage" on "**", or an API key').advise(
    'Give the "channel" of the message, or use an API key.',
  );
}

function readQuery(query: URLSearchParams): WhyQuery | Refusal {
  const numbers = readNumbers(query, OFFSET, TEXTS);
  if (numbers instanceof Refusal) return numbers;
  const read: { -readonly [Name in keyof WhyQuery]: WhyQuery[Name] } = { ...numbers };
  for (const name of TEXTS) {
    const text = query.get(name);
    if (text === '') return new Refusal('command_invalid', `"${name}" must not be empty`);
    if (text !== null) read[name] = text;
  }
  return refuseWhyQuery(read) ?? read;
}

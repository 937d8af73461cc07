import type { Json } from '@sluice/protocol';
import type { EventBus } from '../events.ts';
import type { ActiveHook } from '../hooks/active-hook.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { RequestHandler } from './open-request.ts';
import { type ProgramRequest, ProgramResponder, ReplyError } from './program-responder.ts';
import { type GivenReply, replyFault } from './reply-to.ts';

/** Finds the hook of a name as a responder: a backend that answers requests over HTTP. */
export function hookResponders(hooks: Hooks, events: EventBus): (name: string) => RequestHandler | undefined {
  const known = new WeakMap<ActiveHook, RequestHandler>();
  return (name) => {
    const hook = hooks.named(name);
    if (hook?.target.send === undefined) return undefined;
    const responder = known.get(hook) ?? createResponder(hook, events);
    known.set(hook, responder);
    return responder;
  };
}

/** The hook itself limits how many calls are on their way. */
const createResponder = (hook: ActiveHook, events: EventBus): RequestHandler =>
  new ProgramResponder({
    answer: async (request) => {
      const reply = await send(hook, request);
      if (reply instanceof ReplyError) throw reply;
      return reply;
    },
    concurrency: Number.MAX_SAFE_INTEGER,
    events,
  });

async function send(hook: ActiveHook, { channel, data, from }: ProgramRequest): Promise<Json | ReplyError> {
  const body = { hook: 'respond', channel, data, ...(from !== undefined && { from }) };
  try {
    return await hook.send('respond', body, readReply);
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    throw new ReplyError('no_answer', `the hook "${hook.config.name}" gave no answer (${error.failure})`);
  }
}

/**
 * `{ data }`, or `{ error: { code, message?, data? } }`.
 *
 * @throws CallFailed `invalid`, with the field that is wrong and never with its value
 */
function readReply(reply: unknown): Json | ReplyError {
  const { data, error } = isObject(reply) ? reply : {};
  if ((data === undefined) === (error === undefined)) throw invalid('must have either "data" or "error"');
  const answer = { data, error } as Omit<GivenReply, 'size'>;
  const fault = replyFault(answer);
  if (fault !== null) throw invalid(fault.body.message);
  if (answer.error === undefined) return data as Json;
  return new ReplyError(answer.error.code, answer.error.message, answer.error.data);
}

const invalid = (fault: string) => new CallFailed('invalid', `the answer to "respond": ${fault}`);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

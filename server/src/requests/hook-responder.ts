import { checkData, type Json } from '@sluice/protocol';
import type { EventBus } from '../events.ts';
import type { ActiveHook } from '../hooks/active-hook.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { RequestHandler } from './open-request.ts';
import { type ProgramRequest, ProgramResponder, ReplyError } from './program-responder.ts';

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
    answer: async (request) => readReply(await send(hook, request)),
    concurrency: Number.MAX_SAFE_INTEGER,
    events,
  });

async function send(hook: ActiveHook, { channel, data, from }: ProgramRequest): Promise<unknown> {
  const body = { hook: 'respond', channel, data, ...(from !== undefined && { from }) };
  try {
    return await hook.send('respond', body);
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    throw new ReplyError('no_answer', `the hook "${hook.config.name}" gave no answer (${error.failure})`);
  }
}

/** `{ data }`, or `{ error: { code, message?, data? } }`. */
function readReply(reply: unknown): Json {
  const { data, error } = isObject(reply) ? reply : {};
  if (isObject(error)) throw readError(error);
  if (data === undefined || checkData(data) !== null) throw invalidReply();
  return data as Json;
}

const CODE = /^[A-Za-z0-9_.-]{1,64}$/;

function readError({ code, message, data }: Readonly<Record<string, unknown>>): ReplyError {
  if (typeof code !== 'string' || !CODE.test(code)) return invalidReply();
  if (data !== undefined && checkData(data) !== null) return invalidReply();
  return new ReplyError(code, typeof message === 'string' ? message : undefined, data as Json | undefined);
}

const invalidReply = () =>
  new ReplyError('invalid_answer', 'the backend answered neither { data } nor { error: { code } }');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

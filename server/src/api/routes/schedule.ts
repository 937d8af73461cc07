import { LIMITS, parseCommand } from '@sluice/protocol';
import type { Identity } from '../../auth/identity.ts';
import { type Authority, authorize } from '../../channels/authorize.ts';
import type { UserAllowances } from '../../channels/user-allowances.ts';
import { Refusal } from '../../refusal.ts';
import type { Schedules } from '../../schedules/schedules.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { type BackendServices, onChannel } from '../backend.ts';
import { readJson } from '../body.ts';
import { authenticate } from '../credentials.ts';
import { errorReply } from '../errors.ts';
import { readIdempotencyKey } from '../idempotency-key.ts';
import { PAYLOADS, PayloadView } from '../payloads.ts';
import { readNumbers } from '../query.ts';
import type { Route } from '../route.ts';
import { refuseStrangeField } from '../strange-field.ts';
import { traceOf } from '../trace-header.ts';
import type { PublishServices } from './publish.ts';

export interface ScheduleServices extends Authority, Pick<PublishServices, 'apiKeys' | 'verifier'> {
  readonly schedules: Schedules;
  readonly allowances: UserAllowances;
}

/**
 * `POST /api/v1/schedule`: publishes `{ channel, data, event?, tags?, trace?, key?, ttl?, delay | at }`
 * later. The header `Idempotency-Key` is the `key` of a message without one.
 */
export function scheduleRoute(services: ScheduleServices): (request: Request) => Promise<HttpReply> {
  return (request) =>
    withCommand(request, services, 'schedule', async (command, by) => {
      const { channel } = command;
      const allowance = by.user === null ? null : services.allowances.of(by.user);
      return services.schedules.schedule({ channel, draft: command, checked: true, by, allowance }, command);
    });
}

/** `POST /api/v1/unschedule`: withdraws the message `{ channel, message }`. */
export function unscheduleRoute(services: ScheduleServices): (request: Request) => Promise<HttpReply> {
  return (request) =>
    withCommand(request, services, 'unschedule', async ({ channel, message }, by) => {
      const allowed = await authorize(services, by, 'publish', channel);
      if (allowed instanceof Refusal) return allowed;
      return (await services.schedules.unschedule(channel, message, by)) ?? {};
    });
}

const PAGE = { limit: { min: 1, max: LIMITS.historyPage } };

/** `GET /api/v1/channels/{channel}/schedules?after&limit&payloads`: a page of the messages that wait on the channel. */
export function waitingRoute(services: ScheduleServices & BackendServices): Route['handle'] {
  return (request, { channel = '' }) =>
    onChannel(request, services, { verb: 'manage', channel }, async (_, by) => {
      const query = readNumbers(request.query, PAGE, ['after', PAYLOADS]);
      if (query instanceof Refusal) return query;
      const view = PayloadView.read(request.query);
      if (view instanceof Refusal) return view;
      const { limit = LIMITS.historyDefault } = query;
      const page = await services.schedules.list(channel, { after: request.query.get('after') ?? undefined, limit });
      if (page instanceof Refusal) return page;
      view.report(services.events, by, `scheduled messages of ${channel}`);
      return { ...page, messages: page.messages.map((message) => view.apply(message)) };
    });
}

const FIELDS = {
  schedule: ['channel', 'data', 'event', 'tags', 'trace', 'key', 'ttl', 'delay', 'at'],
  unschedule: ['channel', 'message'],
} as const;

/** Checks the names of the fields, and adds what the headers say. */
function readMessage(request: Request, value: unknown, names: readonly string[]): object | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new Refusal('command_invalid', `the body must be an object { ${names.join(', ')} }`);
  }
  const strange = refuseStrangeField(value, names);
  if (strange !== null || !names.includes('key')) return strange ?? value;
  const key = readIdempotencyKey(request);
  if (key instanceof Refusal) return key;
  const trace = traceOf(request);
  return { ...(key !== undefined && { key }), ...(trace !== undefined && { trace }), ...value };
}

type Parsed = Extract<ReturnType<typeof parseCommand>, { command: unknown }>['command'];

/** Authenticates, and parses the body as a command of this type. */
async function withCommand<Type extends 'schedule' | 'unschedule'>(
  request: Request,
  services: ScheduleServices,
  type: Type,
  act: (command: Extract<Parsed, { type: Type }>, by: Identity) => Promise<object | Refusal>,
): Promise<HttpReply> {
  const by = await authenticate(request, services);
  if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
  const body = await readJson(request);
  if (body instanceof Refusal) return errorReply(body);
  const fields = readMessage(request, body.value, FIELDS[type]);
  if (fields instanceof Refusal) return errorReply(fields);
  const parsed = parseCommand({ ...fields, type, id: 1 });
  if ('fault' in parsed) return errorReply(new Refusal(parsed.fault.error, parsed.fault.detail));
  const outcome = await act(parsed.command as Extract<Parsed, { type: Type }>, by);
  return outcome instanceof Refusal ? errorReply(outcome) : jsonReply(200, outcome);
}

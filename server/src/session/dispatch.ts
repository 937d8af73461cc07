import type { Command, CommandType } from '@sluice/protocol';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Refusal } from '../refusal.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { ack, extend, nack } from './commands/ack.ts';
import { cancel } from './commands/cancel.ts';
import { connect } from './commands/connect.ts';
import { consume } from './commands/consume.ts';
import { enter } from './commands/enter.ts';
import { history } from './commands/history.ts';
import { leave } from './commands/leave.ts';
import { members } from './commands/members.ts';
import { ping } from './commands/ping.ts';
import { publish } from './commands/publish.ts';
import { refresh } from './commands/refresh.ts';
import { reply } from './commands/reply.ts';
import { request } from './commands/request.ts';
import { respond } from './commands/respond.ts';
import { schedule } from './commands/schedule.ts';
import { stop } from './commands/stop.ts';
import { subscribe } from './commands/subscribe.ts';
import { unrespond } from './commands/unrespond.ts';
import { unschedule } from './commands/unschedule.ts';
import { unsubscribe } from './commands/unsubscribe.ts';
import { unwatch } from './commands/unwatch.ts';
import { watch } from './commands/watch.ts';
import type { Decided } from './decided.ts';
import type { Handler } from './handler.ts';
import type { SessionContext } from './session-context.ts';

/** Where each command is carried out. */
const HANDLERS: { readonly [Type in CommandType]: Handler<Type> } = {
  connect,
  refresh,
  subscribe,
  unsubscribe,
  publish,
  history,
  enter,
  leave,
  watch,
  unwatch,
  members,
  schedule,
  unschedule,
  respond,
  unrespond,
  request,
  cancel,
  reply,
  ping,
  consume,
  stop,
  ack,
  nack,
  extend,
};

/** Carries out a command. An engine that is away is an expected "no"; whatever else is thrown is a mistake of ours. */
export function dispatch(
  session: SessionContext,
  command: Command,
  decided: Decided | null,
  size: number,
): NowOrLater<object | Refusal> {
  const handler = HANDLERS[command.type] as Handler<CommandType>;
  // Not recover(): it would need a function object for each command.
  try {
    const outcome = handler(session, command, decided, size);
    return outcome instanceof Promise ? outcome.catch(refuseUnavailable) : outcome;
  } catch (error) {
    return refuseUnavailable(error);
  }
}

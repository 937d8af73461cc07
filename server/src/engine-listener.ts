import type { Engine, EngineListener, Signal } from './engine/engine.ts';
import { SCHEDULES } from './schedules/schedule-record.ts';
import type { Services } from './session/services.ts';

/** Passes on what the engine delivers: messages to subscribers, and the log of schedules to the schedules. */
export function engineListener(
  engine: Engine,
  { hub, schedules, events }: Services,
  signal: (signal: Signal) => void,
): EngineListener {
  return {
    deliver: (channel, epoch, message) =>
      channel === SCHEDULES ? schedules.take(epoch, message) : hub.deliver(channel, epoch, message),
    interrupted: (channel) => (channel === SCHEDULES ? schedules.interrupted() : hub.interrupted(channel)),
    signal,
    warn: (advice) => events.emit('engineWarned', { engine: engine.name, advice }),
  };
}

import type { EventBus } from '../events.ts';
import type { HookConfig } from '../hook.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import type { Clock } from '../util/clock.ts';
import { FunctionHook } from './function-hook.ts';
import type { HookTarget } from './hook-target.ts';
import { HttpHook } from './http-hook.ts';

export interface TargetParts {
  readonly client: HttpClient;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly nextId: () => string;
  /** This gateway's name. */
  readonly node: string;
}

/** Makes what answers the questions of a hook, by its configuration. */
export function targetCreator({ events, clock, ...parts }: TargetParts): (config: HookConfig) => HookTarget {
  return ({ name, target }) => {
    if (target.kind === 'functions') {
      const onFault = (error: unknown) => events.emit('fault', { where: `the hook "${name}"`, error });
      return new FunctionHook({ functions: target.functions, clock, onFault });
    }
    const onBreaker = (pause: number) => events.emit('hookPaused', { hook: name, pause });
    return new HttpHook({ target, clock, ...parts, onBreaker });
  };
}

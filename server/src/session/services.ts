import type { Verifier } from '../auth/token.ts';
import type { Door } from '../channels/door.ts';
import type { Expiry } from '../channels/expiry.ts';
import type { Hub } from '../channels/hub.ts';
import type { Replayer } from '../channels/replay.ts';
import type { Rules } from '../channels/rules.ts';
import type { Log } from '../engine/engine.ts';
import type { EventBus } from '../events.ts';
import type { Groups } from '../groups/groups.ts';
import type { Hooks } from '../hooks/hooks.ts';
import type { Presence } from '../presence/presence.ts';
import type { BackendRequests } from '../requests/backend-requests.ts';
import type { Requests } from '../requests/requests.ts';
import type { Schedules } from '../schedules/schedules.ts';
import type { Clock } from '../util/clock.ts';
import type { FairScheduler } from './fair-scheduler.ts';
import type { RateSettings } from './limits.ts';
import type { Registry } from './registry.ts';
import type { ReplyFlusher } from './reply-flusher.ts';
import type { Revoked } from './revoked.ts';

/** Settings of sessions; durations in milliseconds, sizes in bytes. */
export interface SessionSettings {
  readonly anonymous: boolean;
  readonly limits: RateSettings & {
    readonly maxFrame: number;
    readonly subscriptions: number;
    readonly requests: number;
    readonly connectionsPerUser: number;
    readonly connectionsPerAddress: number;
  };
  readonly heartbeat: number;
  readonly connectTimeout: number;
  readonly tokenGrace: number;
}

/** What all sessions of a gateway share. */
export interface Services {
  readonly settings: SessionSettings;
  readonly verifier: Verifier;
  readonly revoked: Revoked;
  readonly rules: Rules;
  readonly hooks: Hooks;
  readonly hub: Hub;
  readonly replayer: Replayer;
  readonly presence: Presence;
  readonly door: Door;
  /** `undefined`: the engine has no consumer groups. */
  readonly groups: Groups | undefined;
  readonly requests: Requests;
  readonly schedules: Schedules;
  readonly backendRequests: BackendRequests;
  readonly log: Log;
  readonly expiry: Expiry;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly replies: ReplyFlusher;
  readonly scheduler: FairScheduler;
  readonly registry: Registry;
}

import type { Json, Tags } from '@sluice/protocol';
import type { Identity, Verb } from '../auth/identity.ts';
import type { HookCall, HookKind } from '../hook.ts';
import type { Asker } from './asked-together.ts';

/** What a client wants to do, before a hook is found for it. */
export interface HookQuestion {
  readonly kind: HookKind;
  readonly by: Identity;
  /** The questions of one asker are asked together. */
  readonly asker: Asker;
  readonly connection?: string | undefined;
  /** Absent for `connect`. */
  readonly channel?: string;
  /** The bound channel, if `channel` is a pattern: it decides which hook is asked. */
  readonly log?: string | undefined;
  readonly verb?: Verb;
  readonly data?: Json | undefined;
  readonly event?: string | undefined;
  readonly tags?: Tags | undefined;
  readonly state?: Json | undefined;
  /** The W3C trace context of the operation. */
  readonly traceparent?: string | undefined;
  /** Asks the hook even if an answer is remembered. */
  readonly anew?: boolean;
}

/** The question as the hook receives it. */
export function callOf(kind: HookKind, question: HookQuestion): HookCall {
  const { by, connection, channel, verb, data, event, tags, state } = question;
  const meta = by.added?.meta;
  return {
    hook: kind,
    user: by.user,
    claims: by.claims,
    ...(meta !== undefined && { meta }),
    ...(connection !== undefined && { connection }),
    ...(channel !== undefined && { channel }),
    ...(verb !== undefined && { verb }),
    ...(data !== undefined && { data }),
    ...(event !== undefined && { event }),
    ...(tags !== undefined && { tags }),
    ...(state !== undefined && { state }),
  };
}

/** The kinds whose answers depend only on who asks, and about which channel. */
export const REMEMBERED_KINDS: ReadonlySet<HookKind> = new Set(['connect', 'subscribe', 'enter', 'recheck']);

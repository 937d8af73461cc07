import type { Draft, PublishResult, RawDraft } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { Entry } from '../engine/engine.ts';
import type { SourcePosition } from '../engine/source-position.ts';
import type { Rule } from '../rule.ts';
import type { Decision } from './authorize.ts';
import { type BoundChannel, NOT_BOUND } from './bindings.ts';
import type { Allowance } from './publish-allowance.ts';
import type { PublishSpan } from './publish-tracing.ts';
import { scopeOf } from './publisher-scope.ts';

/** What a caller of the door knows about a publish. */
export interface PublishRequest {
  /** Unless `checked`, it may be any value. */
  readonly channel: string;
  /** What to publish; fields of other names are ignored. */
  readonly draft: Draft | RawDraft;
  /** In whose name: decides permission, what `from` holds, and with whom idempotency keys are shared. */
  readonly by: Identity;
  /** `null`: rates do not apply. */
  readonly allowance: Allowance | null;
  /** Were the channel's name and the draft checked before, by the parser of a wire protocol? */
  readonly checked?: boolean;
  /** May the publisher publish here? Left out, the door asks. */
  readonly decision?: Decision;
  /** Where a bridge has read the message: appended once, however often it is published. Then the draft has no key. */
  readonly source?: SourcePosition;
  /** The id of the connection that publishes. */
  readonly connection?: string;
  /** With whose questions to a hook its own are asked. Default: nobody's. */
  readonly asker?: object;
  /** Milliseconds for which the draft's key is remembered. Default: the rule's `dedupe`. */
  readonly dedupe?: number;
  /** Bytes of the frame that the draft arrived in: spares measuring a draft that is surely small enough. */
  readonly arrived?: number | undefined;
}

/** What the engine answered. */
export interface Appended {
  readonly entry: Entry;
  /** The number of the entry's id. */
  readonly number: number;
  /** With another id: the first publish with the same key, nothing was appended. */
  readonly stored: PublishResult;
  /** Milliseconds until the engine answered. Absent: it answered within the call. */
  readonly waited?: number;
}

/** A publish while it passes through the door. */
export class Publication {
  readonly request: PublishRequest;
  /** Its name; once the permission is there, as the rules remember it. */
  channel: string;
  /** Checked, and what the channel's contract made of it. */
  draft: Draft;
  /** Does `draft` still have the size that it arrived in? */
  asArrived = true;
  /** What a hook has made of the draft. */
  rewritten: Draft | undefined;
  /** Only if publishes are traced. */
  span: PublishSpan | undefined;
  /** The channels to which the message is also appended. */
  bound: readonly BoundChannel[] = NOT_BOUND;
  #rule: Rule | undefined;
  #appended: Appended | undefined;

  constructor(request: PublishRequest) {
    this.request = request;
    this.channel = request.channel;
    this.draft = request.draft as Draft;
  }

  /** The channel's rule, once the permission is there. */
  get rule(): Rule {
    if (this.#rule === undefined) throw new Error('a publish has no rule before its permission');
    return this.#rule;
  }

  set rule(rule: Rule) {
    this.#rule = rule;
  }

  /** What the engine answered, once it holds the message. */
  get appended(): Appended {
    if (this.#appended === undefined) throw new Error('a publish has no position before it is appended');
    return this.#appended;
  }

  set appended(appended: Appended) {
    this.#appended = appended;
  }

  /** The draft's idempotency key, unique to its publisher. */
  get key(): string | undefined {
    const { key } = this.draft;
    return key === undefined ? undefined : `${scopeOf(this.request.by)} ${key}`;
  }

  /** Milliseconds for which the key is remembered. */
  get window(): number {
    return this.request.dedupe ?? this.rule.dedupe;
  }

  /** Where the message stands, once the engine holds it. */
  get result(): PublishResult {
    return this.appended.stored;
  }
}

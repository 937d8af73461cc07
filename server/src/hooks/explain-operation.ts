import { isBackend, type Verb } from '../auth/identity.ts';
import { type AccessExplanation, type AccessInquiry, explainIn } from '../channels/explain-access.ts';
import type { Rules } from '../channels/rules.ts';
import type { HookConfig, HookKind } from '../hook.ts';
import { findHook } from './find-hook.ts';

/** What decides besides rules and tokens. */
export interface Gatekeeping {
  /** May clients without a token connect? */
  readonly anonymous: boolean;
  readonly hooks: readonly HookConfig[];
}

/** A hook that is asked, and about which operation. */
export interface AskedHook {
  readonly name: string;
  readonly operation: HookKind;
}

/** An explanation of all that decides about an operation. */
export interface OperationExplanation extends AccessExplanation {
  /** If rules and token permit it: the hooks that are asked in addition, and may deny it. */
  readonly hooks?: readonly AskedHook[];
}

/** The hook that is asked about a verb. SPEC.md section 3.2 has the verbs. */
const HOOK_OF: { readonly [Name in Verb]?: HookKind } = {
  subscribe: 'subscribe',
  history: 'subscribe',
  publish: 'publish',
  enter: 'enter',
  request: 'request',
};

/**
 * Explains whether an operation is permitted: like the gateway, it looks at the connection, the token
 * and the rule. It does not ask hooks, because their answers may have effects: it names them.
 */
export async function explainOperation(
  { rules, anonymous, hooks }: Gatekeeping & { readonly rules: Rules },
  inquiry: AccessInquiry,
): Promise<OperationExplanation> {
  const explanation = await explainIn(rules, inquiry);
  const { identity } = inquiry;
  if (isBackend(identity)) return explanation;
  if (identity.user === null && !anonymous) return withoutToken(explanation);
  return explanation.allowed ? withHooks(explanation, hooks) : explanation;
}

/** Nobody without a token gets as far as the rule. */
function withoutToken({ bound: _, only: __, ...explanation }: OperationExplanation): OperationExplanation {
  const message = `a client without a token may not connect, so it may not "${explanation.verb}" on "${explanation.channel}"`;
  const remedy = 'Connect with a token, or set anonymous: true.';
  return { ...explanation, allowed: false, reason: { kind: 'no_token' }, message, remedy };
}

function withHooks(explanation: OperationExplanation, configs: readonly HookConfig[]): OperationExplanation {
  const hooks = [
    ...askedHook(configs, 'connect', undefined),
    ...askedHook(configs, HOOK_OF[explanation.verb], logOf(explanation)),
  ];
  if (hooks.length === 0) return explanation;
  const names = hooks.map(({ name, operation }) => `"${name}" (${operation})`).join(' and ');
  const asked =
    hooks.length === 1
      ? `the hook ${names} is asked too, and may deny it`
      : `the hooks ${names} are asked too, and may deny it`;
  return { ...explanation, message: `${explanation.message}; ${asked}`, hooks };
}

/** A pattern stands for the bound channel that decides. */
const logOf = ({ bound, channel }: OperationExplanation): string => bound ?? channel;

function askedHook(
  configs: readonly HookConfig[],
  operation: HookKind | undefined,
  channel: string | undefined,
): readonly AskedHook[] {
  if (operation === undefined) return [];
  const found = findHook(
    configs.map((config) => ({ config })),
    operation,
    channel,
  );
  return found === null ? [] : [{ name: found.config.name, operation }];
}

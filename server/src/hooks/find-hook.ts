import { comparePatterns, matchPattern, type Pattern } from '@sluice/protocol';
import type { HookConfig, HookKind } from '../hook.ts';

/**
 * Finds the hook that is asked about an operation: the one with the most specific pattern that
 * matches the channel. `null`: none is.
 */
export function findHook<Hook extends { readonly config: HookConfig }>(
  hooks: readonly Hook[],
  kind: HookKind,
  channel: string | undefined,
): Hook | null {
  const candidates = hooks.filter(({ config }) => config.on.includes(kind));
  if (channel === undefined) return candidates[0] ?? null;
  let best: { readonly hook: Hook; readonly pattern: Pattern } | undefined;
  for (const hook of candidates) {
    const pattern = hook.config.channels.find((one) => matchPattern(one, channel) !== null);
    if (pattern === undefined) continue;
    if (best === undefined || comparePatterns(pattern, best.pattern) < 0) best = { hook, pattern };
  }
  return best?.hook ?? null;
}

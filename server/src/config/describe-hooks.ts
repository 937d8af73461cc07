import type { HookConfig } from '../hook.ts';
import { formatDuration, formatSize } from './values.ts';

function describeHook({ on, channels, timeout, onFailure, ttl, target }: HookConfig): Record<string, unknown> {
  const common = {
    on,
    channels: channels.map(({ source }) => source),
    timeout: formatDuration(timeout),
    onFailure,
    ttl: formatDuration(ttl),
  };
  if (target.kind === 'functions') return { ...common, functions: Object.keys(target.functions) };
  const { url, keys, concurrency, maxAnswer } = target;
  const { origin, pathname, search } = new URL(url);
  return {
    url: `${origin}${pathname}${search === '' ? '' : '?(hidden)'}`,
    ...common,
    keys: keys.map(({ kind }) => `(${kind})`),
    concurrency,
    maxAnswer: formatSize(maxAnswer),
  };
}

/** Hooks for people to read: without their keys. */
export const describeHooks = (hooks: readonly HookConfig[]): Record<string, unknown> =>
  Object.fromEntries(hooks.map((hook) => [hook.name, describeHook(hook)]));

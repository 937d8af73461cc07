/** Hooks: from the configuration's input to the resolved hooks. */

import { comparePatterns, type Pattern, PatternError, parsePattern, patternsCollide } from '@sluice/protocol';
import { HOOK_KINDS, type HookConfig, type HookFunctions, type HookKind, type HttpTarget } from '../hook.ts';
import { HOOK_OPTIONS, HTTP_HOOK_ONLY } from './hook-options.ts';
import type { InferOptions } from './options/option.ts';
import { isPlain, type Path, type Problems } from './problems.ts';
import type { Surroundings } from './read-keys.ts';
import { readSigningKeys } from './read-signing-keys.ts';
import { readTable } from './read-table.ts';

type HookSettings = InferOptions<typeof HOOK_OPTIONS>;

interface HookContext extends Surroundings {
  readonly path: Path;
  readonly problems: Problems;
}

const NO_HOOK =
  'must be an object. Example: { url: "https://api.example.com/sluice", on: [subscribe], keys: [{ keyEnv: HOOK_KEY }] }';
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Reads `hooks`. Adds errors to `problems`. */
export function readHooks(
  input: Readonly<Record<string, unknown>>,
  around: Surroundings & { readonly problems: Problems },
): readonly HookConfig[] {
  const hooks = Object.entries(input).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return readHook(name, value, { ...around, path: ['hooks', name] }) ?? [];
  });
  checkCollisions(hooks, around.problems);
  return hooks;
}

function readHook(name: string, value: unknown, context: HookContext): HookConfig | undefined {
  const { path, problems } = context;
  if (!isPlain(value)) {
    problems.add(path, NO_HOOK);
    return undefined;
  }
  if (!NAME.test(name)) problems.add(path, 'is not a name. Use 1 to 64 letters, digits, "_" and "-"');
  const functions = readFunctions(value, context);
  const others = Object.fromEntries(Object.entries(value).filter(([key]) => !isKind(key)));
  const settings = readTable(HOOK_OPTIONS, others, context);
  const target = settings.url === undefined ? ({ kind: 'functions', functions } as const) : readHttp(settings, context);
  if (settings.url === undefined) checkFunctions(value, functions, context);
  else if (Object.keys(functions).length > 0)
    problems.add([...path, 'url'], 'does not go with functions. Use a hook for each');
  const { timeout, onFailure, ttl } = settings;
  const on = settings.url === undefined ? (Object.keys(functions) as HookKind[]) : listOf(settings.on);
  return { name, on, channels: readPatterns(settings.channels, context), timeout, onFailure, ttl, target };
}

const isKind = (name: string): name is HookKind => (HOOK_KINDS as readonly string[]).includes(name);

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

function readFunctions(value: Readonly<Record<string, unknown>>, { path, problems }: HookContext): HookFunctions {
  const entries = Object.entries(value).filter(([name, one]) => isKind(name) && one != null);
  for (const [name, one] of entries) {
    if (typeof one !== 'function') {
      problems.add([...path, name], 'must be a function of a program. In a file, write "url" and "on" instead');
    }
  }
  return Object.fromEntries(entries.filter(([, one]) => typeof one === 'function')) as HookFunctions;
}

function checkFunctions(
  value: Readonly<Record<string, unknown>>,
  functions: HookFunctions,
  { path, problems }: HookContext,
): void {
  if (Object.keys(functions).length === 0 && value.url == null) {
    problems.add(path, `has neither a URL nor a function. Add "url", or one of ${HOOK_KINDS.join(', ')}`);
  }
  if (value.url != null) return; // what is wrong with it was reported
  for (const name of HTTP_HOOK_ONLY) {
    if (value[name] != null) problems.add([...path, name], 'is for hooks with a URL. Add "url", or remove it');
  }
}

function readHttp({ url = '', keys, concurrency, maxAnswer }: HookSettings, context: HookContext): HttpTarget {
  const path = [...context.path, 'keys'];
  if (keys === undefined || keys.length === 0) {
    context.problems.add(
      path,
      'is required, so that your backend can verify requests. Example: [{ keyEnv: HOOK_KEY }]',
    );
  }
  return { kind: 'http', url, keys: readSigningKeys(keys ?? [], { ...context, path }), concurrency, maxAnswer };
}

/** Reads `channels` of a hook or a webhook: the most specific pattern first. */
export function readPatterns(
  written: string | readonly string[] = '**',
  { path, problems }: Pick<HookContext, 'path' | 'problems'>,
): readonly Pattern[] {
  const patterns = listOf<string>(written).flatMap((source): Pattern[] => {
    try {
      return [parsePattern(source)];
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      problems.add([...path, 'channels'], `${error.message}. Write a pattern like "private:**"`);
      return [];
    }
  });
  return patterns.toSorted(comparePatterns);
}

/** Two hooks for the same operation and equally specific patterns: none of them would be responsible. */
function checkCollisions(hooks: readonly HookConfig[], problems: Problems): void {
  for (const [at, hook] of hooks.entries()) {
    for (const other of hooks.slice(at + 1)) {
      const kind = hook.on.find((one) => other.on.includes(one) && (one === 'connect' || collide(hook, other)));
      if (kind === undefined) continue;
      const fix = kind === 'connect' ? 'Keep one of them' : 'Make a pattern more specific, or keep one of them';
      problems.add(['hooks', other.name], `is asked about "${kind}" like the hook "${hook.name}". ${fix}`);
    }
  }
}

const collide = (a: HookConfig, b: HookConfig): boolean =>
  a.channels.some((one) => b.channels.some((other) => patternsCollide(one, other)));

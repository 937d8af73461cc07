/** `apps`: from the input to one configuration for each app. */

import { join } from 'node:path';
import type { AppConfig, Config } from './config.ts';
import { APP_LIMITS_OPTIONS, APP_OPTIONS, type AppSettings, PROCESS_LIMITS } from './options/apps.ts';
import { OPTIONS, type Settings } from './options.ts';
import { isPlain, type Problems } from './problems.ts';
import { readComplete } from './read-table.ts';
import { type Around, resolveApp } from './resolve-app.ts';

/** Part of the names of folders and Redis keys, and the value of a label. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const NO_NAME =
  'is not the name of an app. Use 1 to 40 lower-case letters, digits, "_" and "-", and begin with a letter or a digit';
/** Each has its own logs, timers and connections to the engine. */
const MOST_APPS = 256;

/** The configuration of each app. Adds errors to `problems`. */
export function readApps(settings: Settings, main: Config, around: Around): readonly AppConfig[] {
  const { problems } = around;
  const entries = Object.entries(settings.apps).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return [];
  if (settings.workers > 1) {
    problems.add(['apps'], 'cannot be combined with several workers. Set workers: 1, or run a gateway for each app');
  }
  if (entries.length > MOST_APPS) problems.add(['apps'], `has more than ${MOST_APPS} apps. Use several gateways`);
  const apps = entries.flatMap(([name, value]) => readApp(name, value, { settings, main, around }) ?? []);
  checkPlaces(apps, problems);
  return apps;
}

interface Process {
  readonly settings: Settings;
  readonly main: Config;
  readonly around: Around;
}

function readApp(name: string, value: unknown, { settings, main, around }: Process): AppConfig | undefined {
  const problems = around.problems.within(['apps', name]);
  if (!NAME.test(name)) problems.add([], NO_NAME);
  if (name === 'default') problems.add([], 'means the app whose options are outside of "apps". Choose another name');
  if (!isPlain(value)) {
    problems.add([], 'must be an object. Example: { at: { path: /apps/shop }, keys: [{ secretEnv: SHOP_SECRET }] }');
    return undefined;
  }
  const written = withoutProcess(value, problems);
  const own = readComplete(tableFor(settings), written, { path: [], problems });
  if (own === undefined) return undefined;
  const invented = around.invented.apps?.find((app) => app.name === name)?.config ?? {};
  const config = resolve(own, { settings, main, around: { ...around, written, problems, invented, isNamed: true } });
  return { name, at: own.at, config: { ...config, ...enginePlace(name, main) } };
}

/** Without the options of the process, which are reported. */
function withoutProcess(value: Readonly<Record<string, unknown>>, problems: Problems): Record<string, unknown> {
  const own: readonly string[] = Object.keys(APP_OPTIONS);
  const isOfProcess = (name: string) => Object.hasOwn(OPTIONS, name) && !own.includes(name);
  for (const name of Object.keys(value).filter(isOfProcess)) problems.add([name], ofProcess(name));
  const { limits, ...rest } = Object.fromEntries(Object.entries(value).filter(([name]) => !isOfProcess(name)));
  if (limits === undefined || !isPlain(limits)) return { ...rest, ...(limits === undefined ? {} : { limits }) };
  const isShared = (name: string) => Object.hasOwn(PROCESS_LIMITS, name);
  for (const name of Object.keys(limits).filter(isShared)) problems.add(['limits', name], ofProcess(`limits.${name}`));
  return { ...rest, limits: Object.fromEntries(Object.entries(limits).filter(([name]) => !isShared(name))) };
}

function ofProcess(name: string): string {
  if (name === 'apps') return 'an app has no apps. Add them beside it';
  if (name === 'bridges') return 'only the default app has bridges. Set them outside of "apps", or use another gateway';
  return `belongs to the process, for all apps. Set "${name}" outside of "apps"`;
}

/** A limit that an app does not set is that of the default app. */
function tableFor({ limits }: Settings): typeof APP_OPTIONS {
  const rows = Object.entries(APP_LIMITS_OPTIONS).map(([name, row]) => [
    name,
    { ...row, default: limits[name as keyof typeof APP_LIMITS_OPTIONS] },
  ]);
  return { ...APP_OPTIONS, limits: Object.fromEntries(rows) as typeof APP_LIMITS_OPTIONS };
}

/** The options of the process, and those of the app. Nothing is inherited from the default app but limits and `console`. */
function resolve(own: AppSettings, { settings, main, around }: Process): Config {
  const { at: _at, console: mode = main.console, limits, ...options } = own;
  const { contracts: _contracts, schedules: _schedules, ...rest } = options;
  const process = without(settings, [...Object.keys(APP_OPTIONS), 'static', 'bridges', 'apps']);
  const merged = { ...process, ...options, limits: { ...settings.limits, ...limits }, apps: {} } as Settings;
  const base = without(main, [...Object.keys(APP_OPTIONS), 'static', 'devSecret', 'devApiKey']);
  return { ...base, ...rest, console: mode, ...resolveApp(merged, around), apps: [] } as unknown as Config;
}

const without = (object: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

/** Each app has an engine of its own: a folder, or a prefix. */
function enginePlace(name: string, { durable, redis }: Config): Pick<Config, 'durable' | 'redis'> {
  return {
    ...(durable && { durable: { ...durable, data: join(durable.data, 'apps', name) } }),
    ...(redis && { redis: { ...redis, prefix: `${redis.prefix}app:${name}:` } }),
  };
}

/** No request could belong to two apps. */
function checkPlaces(apps: readonly AppConfig[], problems: Problems): void {
  for (const [index, { name, at }] of apps.entries()) {
    for (const other of apps.slice(0, index)) {
      if ('host' in at && 'host' in other.at && at.host === other.at.host) {
        problems.add(['apps', name, 'at', 'host'], `is also that of "${other.name}". Choose another one`);
      }
      if (
        'path' in at &&
        'path' in other.at &&
        (isWithin(at.path, other.at.path) || isWithin(other.at.path, at.path))
      ) {
        const advice = `Choose paths of which none contains another, like /apps/${name}`;
        problems.add(['apps', name, 'at', 'path'], `and that of "${other.name}", ${other.at.path}, overlap. ${advice}`);
      }
    }
  }
}

const isWithin = (path: string, base: string): boolean => path === base || path.startsWith(`${base}/`);

/** Webhooks: from the configuration's input to the resolved endpoints. */

import { canonical, checkFilter, EVERY, type Filter } from '@sluice/protocol';
import { WEBHOOK_EVENTS, type WebhookConfig, type WebhookEventType } from '../webhook.ts';
import { readPatterns } from './hooks.ts';
import { isPlain, type Path, type Problems, suggest } from './problems.ts';
import type { Surroundings } from './read-keys.ts';
import { readSigningKeys } from './read-signing-keys.ts';
import { readComplete, readTable } from './read-table.ts';
import { KEEP_OPTIONS, WEBHOOK_OPTIONS } from './webhook-options.ts';

interface Context extends Surroundings {
  readonly path: Path;
  readonly problems: Problems;
}

const NO_WEBHOOK =
  'must be an object. Example: { url: "https://api.example.com/events", events: ["user.*"], keys: [{ keyEnv: WEBHOOK_KEY }] }';
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Reads `webhooks`. Adds errors to `problems`. */
export function readWebhooks(
  input: Readonly<Record<string, unknown>>,
  around: Surroundings & { readonly problems: Problems },
): readonly WebhookConfig[] {
  return Object.entries(input).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return readWebhook(name, value, { ...around, path: ['webhooks', name] }) ?? [];
  });
}

function readWebhook(name: string, value: unknown, context: Context): WebhookConfig | undefined {
  const { path, problems } = context;
  if (!isPlain(value)) {
    problems.add(path, NO_WEBHOOK);
    return undefined;
  }
  if (!NAME.test(name)) problems.add(path, 'is not a name. Use 1 to 64 letters, digits, "_" and "-"');
  const settings = readComplete(WEBHOOK_OPTIONS, value, context);
  if (settings === undefined) return undefined;
  const { url, debounce, timeout, batch } = settings;
  return {
    ...{ name, url, debounce, timeout, batch },
    keys: readSigningKeys(settings.keys, { ...context, path: [...path, 'keys'] }),
    events: readEvents(settings.events, context),
    channels: readPatterns(settings.channels, context),
    where: readWhere(settings.where, context),
    keep: readTable(KEEP_OPTIONS, settings.keep, { path: [...path, 'keep'], problems }),
  };
}

function readEvents(written: string | readonly string[], { path, problems }: Context): readonly WebhookEventType[] {
  const names = [written].flat().flatMap((name): readonly WebhookEventType[] => {
    const found = WEBHOOK_EVENTS.filter((event) =>
      name.endsWith('.*') ? event.startsWith(name.slice(0, -1)) : event === name,
    );
    if (found.length === 0) {
      problems.add([...path, 'events'], `"${name.slice(0, 64)}" is not an event. ${suggest(name, WEBHOOK_EVENTS)}`);
    }
    return found;
  });
  if (names.length === 0 && [written].flat().length === 0) {
    problems.add([...path, 'events'], `is empty. Choose from ${WEBHOOK_EVENTS.join(', ')}`);
  }
  return [...new Set(names)];
}

function readWhere(where: unknown, { path, problems }: Context): WebhookConfig['where'] {
  if (where === undefined) return EVERY;
  const fault = checkFilter(where, 'where');
  if (fault === null) return canonical(where as Filter);
  problems.add([...path, 'where'], `${fault.detail ?? 'is not a filter'}. See docs/routing.md`);
  return EVERY;
}

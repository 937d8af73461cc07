/** The reference of the configuration, as Markdown, generated from the tables that the loader uses. */

import {
  BRIDGE_OPTIONS,
  INBOUND_OPTIONS,
  INBOUND_TO_OPTIONS,
  OUTBOUND_FROM_OPTIONS,
  OUTBOUND_TO_OPTIONS,
  POISON_OPTIONS,
} from './bridges/bridge-options.ts';
import { BRIDGE_SYSTEMS } from './bridges/bridge-systems.ts';
import { CHANNEL_OPTIONS, HISTORY_OPTIONS, PRESENCE_OPTIONS } from './channel-options.ts';
import { GROUP_OPTIONS, QUEUE_OPTIONS } from './group-options.ts';
import { HOOK_OPTIONS, SIGNING_KEY_OPTIONS } from './hook-options.ts';
import { API_KEY_OPTIONS, KEY_OPTIONS } from './key-options.ts';
import { APP_OPTIONS } from './options/apps.ts';
import { type Option, rowsOf, type Table } from './options/option.ts';
import { SCHEDULE_ENTRY_OPTIONS } from './options/schedules.ts';
import { OPTION_ROWS, type OptionRow } from './options.ts';
import { KEEP_OPTIONS, WEBHOOK_OPTIONS } from './webhook-options.ts';

const code = (text: string): string => `\`${text}\``;

/** A pipe would end the table cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

function optionRow({ path, type, defaultText, env, flag, description }: OptionRow): string {
  const names = [...(env ?? []).map(code), ...(flag === undefined ? [] : [code(flag)])].join(', ');
  return row(code(path), type, defaultText, names, description);
}

const GRANTS = [
  row('`anyone`', 'everyone, including anonymous connections'),
  row('`users`', 'everyone with a token'),
  row('`owner:{userId}`', "the user whose name (`sub`) is the param's value"),
  row('`claim:rooms:{room}`', "users whose claim `rooms` is the param's value, or a list that contains it"),
  row('`role:admin`', 'users whose claim `role` is `admin`, or whose claim `roles` contains it'),
  row(
    'a function',
    'in a JavaScript file or an embedded gateway: `({ user, claims, channel, params, verb }) => boolean`',
  ),
];

const inBrackets = ({ defaultText }: Option): string =>
  defaultText === 'required' ? ' (required)' : ` (${defaultText})`;

/** A kind of key: its own option, and the options that it allows. */
function keyRow([kind, options]: [string, Readonly<Record<string, Option>>]): string {
  const others = Object.entries(options).filter(([name]) => name !== kind);
  const rest = others.map(([name, option]) => `${code(name)}${inBrackets(option)}`).join(', ');
  return row(code(kind), rest, options[kind]?.description ?? '');
}

const optionRows = (table: Readonly<Record<string, Option>>): string[] =>
  Object.entries(table).map(([name, { type, defaultText, description }]) =>
    row(code(name), type, defaultText, description),
  );

/** Options whose names other tables also have. */
const prefixed = (prefix: string, table: Readonly<Record<string, Option>>): Readonly<Record<string, Option>> =>
  Object.fromEntries(Object.entries(table).map(([name, option]) => [`${prefix}${name}`, option]));

/** Options, each with its section before it. */
const sectionRows = (section: string, table: Table = {}): string[] =>
  rowsOf(table).map(({ path, type, defaultText, description }) =>
    row(code(`${section}: ${path}`), type, defaultText, description),
  );

const systemRows = Object.entries(BRIDGE_SYSTEMS).map(([name, { title, connection, from, to }]) => {
  const rows = [...sectionRows(name, connection), ...sectionRows('from', from), ...sectionRows('to', to)];
  return `### ${title}: \`${name}\`\n\n${table(['Option', 'Type', 'Default', 'Meaning'], rows)}\n`;
});

/** The options that an app has like the default app. */
const appOptionNames = rowsOf(APP_OPTIONS)
  .map(({ path }) => path)
  .filter((path) => path !== 'at')
  .map(code)
  .join(', ');

const OPTION_HEAD = ['Option', 'Type', 'Default', 'Meaning'];

/** The whole reference. */
export function configReference(): string {
  return `# Configuration

This page is generated from the gateway's table of options. Check a configuration before you use it:

\`\`\`sh
npx sluice check --config sluice.yaml
\`\`\`

It prints the options in force, or every problem at once: where it is, what is wrong, and what to do.

Flags override environment variables, which override the file, which overrides the defaults. The file is \`sluice.yaml\`,
\`sluice.yml\`, \`sluice.json\`, \`sluice.config.mjs\`, \`.js\` or \`.ts\` in the working directory, or the one that \`--config\` names.
Relative paths in a file start at that file.

| Kind of value | Examples |
| --- | --- |
| duration | milliseconds, or \`5s\`, \`10m\`, \`24h\`, \`7d\` |
| size | bytes, or \`64KiB\`, \`1MiB\` |
| list in a variable or a flag | \`one,two\` |

## Options

${table(['Option', 'Type', 'Default', 'Variable, flag', 'Meaning'], OPTION_ROWS.map(optionRow))}

## Apps

\`apps\` maps names to apps ([guide](apps.md)). An app has the options below; all others belong to the process. Limits and \`console\` that an
app does not set are those of the default app. Nothing else is inherited.

${table(OPTION_HEAD, [...optionRows({ 'apps.<name>.at': APP_OPTIONS.at }), row(code('apps.<name>.…'), '', '', `As above: ${appOptionNames}`)])}

## Channels

\`channels\` maps patterns to rules. The most specific matching pattern wins: patterns are compared segment by segment, and a
literal is more specific than \`{param}\`, which is more specific than a last \`**\`.

${table(OPTION_HEAD, optionRows(CHANNEL_OPTIONS))}

\`history\` contains:

${table(OPTION_HEAD, optionRows(HISTORY_OPTIONS))}

\`presence\` contains:

${table(OPTION_HEAD, optionRows(PRESENCE_OPTIONS))}

\`queue\` contains:

${table(OPTION_HEAD, optionRows(QUEUE_OPTIONS))}

An entry of \`groups\` contains the same options except \`maxLength\` and \`overflow\`, and:

${table(OPTION_HEAD, optionRows({ start: GROUP_OPTIONS.start, expires: GROUP_OPTIONS.expires }))}

### Grants

${table(['Grant', 'Allows'], GRANTS)}

## Schedules

An entry of \`schedules\` contains:

${table(OPTION_HEAD, optionRows(SCHEDULE_ENTRY_OPTIONS))}

## Hooks

An entry of \`hooks\` has a name, and \`url\` with these options. In a program it may have functions instead: \`connect\`, \`subscribe\`, \`publish\`,
\`enter\`, \`request\`, \`recheck\`. [hooks.md](hooks.md) explains them.

${table(OPTION_HEAD, optionRows(prefixed('hooks.<name>.', HOOK_OPTIONS)))}

An entry of \`keys\` of a hook has exactly one of these:

${table(OPTION_HEAD, optionRows(SIGNING_KEY_OPTIONS))}

## Webhooks

An entry of \`webhooks\` has a name and these options. [webhooks.md](webhooks.md) explains them.

${table(OPTION_HEAD, optionRows(prefixed('webhooks.<name>.', WEBHOOK_OPTIONS)))}

\`keep\` contains:

${table(OPTION_HEAD, optionRows(KEEP_OPTIONS))}

## Bridges

An entry of \`bridges\` has a name, one system, \`from\` and \`to\`. With \`from.channel\` it sends to the broker, otherwise it reads from
it. Each option of a connection except a boolean can be read from an environment variable: add \`Env\` to its name, as in \`urlEnv: AMQP_URL\`.
Characters of a user or a password in a URL are percent-encoded. See [bridges](bridges.md).

${table(OPTION_HEAD, optionRows(BRIDGE_OPTIONS))}

A bridge that reads also contains:

${table(OPTION_HEAD, [
  ...optionRows(INBOUND_OPTIONS),
  row(
    '`poison`',
    '`stop`, `skip`, an object',
    '`stop`',
    'What happens to a message that can never be published. An object contains `deadLetter`.',
  ),
  ...sectionRows('poison', POISON_OPTIONS),
  ...sectionRows('to', INBOUND_TO_OPTIONS),
])}

A bridge that sends also contains:

${table(OPTION_HEAD, [...sectionRows('from', OUTBOUND_FROM_OPTIONS), ...sectionRows('to', OUTBOUND_TO_OPTIONS)])}

${systemRows.join('\n')}
## Keys

An entry of \`keys\` has exactly one of these. Secrets have at least 32 bytes for HS256, 48 for HS384, 64 for HS512.

${table(['Key', 'Other options (default)', 'Meaning'], Object.entries(KEY_OPTIONS).map(keyRow))}

## API keys

An entry of \`apiKeys\` has a name, and exactly one of \`secret\`, \`secretFile\` and \`secretEnv\`.

${table(OPTION_HEAD, optionRows(API_KEY_OPTIONS))}
`;
}

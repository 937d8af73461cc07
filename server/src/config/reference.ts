/** The reference of the configuration, as Markdown, made of the tables that the loader reads. */

import { CHANNEL_OPTIONS } from './channel-options.ts';
import { OPTIONS, type Option } from './options.ts';

const code = (text: string): string => `\`${text}\``;

/** A pipe would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

function optionRow({ path, type, defaultText, env, flag, description }: Option): string {
  const names = [...(env ?? []).map(code), ...(flag === undefined ? [] : [code(flag)])].join(', ');
  return row(code(path), type, defaultText, names, description);
}

const GRANTS = [
  row('`anyone`', 'everybody, anonymous connections too'),
  row('`users`', 'everybody with a token'),
  row('`owner:{userId}`', "the user whose name (`sub`) is the param's value"),
  row('`claim:rooms:{room}`', "those whose claim `rooms` is the param's value, or a list that holds it"),
  row('`role:admin`', 'those whose claim `role` is `admin`, or whose claim `roles` holds it'),
  row(
    'a function',
    'in a JavaScript file or an embedded gateway: `({ user, claims, channel, params, verb }) => boolean`',
  ),
];

const KEYS = [
  row(
    '`secret`, `secretFile` or `secretEnv`',
    '`algorithm` (HS256), `kid`',
    'a shared secret: the text, a file, or the name of an environment variable',
  ),
  row('`pem` or `pemFile`', '`algorithm` (required), `kid`', 'a public key or certificate in PEM'),
  row('`jwk`', '`algorithm` (`alg` of the JWK), `kid`', 'a JSON Web Key'),
  row('`jwks`', '`algorithms` (required)', 'the https URL of a JSON Web Key Set'),
];

/** The whole reference. */
export function configReference(): string {
  const channels = Object.entries(CHANNEL_OPTIONS).map(([name, { type, defaultText, description }]) =>
    row(code(name), type, defaultText, description),
  );
  return `# Configuration

Generated from the gateway's own table of options: \`sluice check\` says what is in force, and every problem at once.

Flags go before environment variables, these before the file (\`sluice.yaml\`, \`sluice.yml\`, \`sluice.json\`,
\`sluice.config.mjs\` in the working directory, or \`--config\`), the file before defaults. Durations are milliseconds or texts like \`5s\`, \`10m\`,
\`24h\`, \`7d\`; sizes are bytes or texts like \`64KiB\`, \`1MiB\`. Lists in variables and flags are separated by commas. Relative paths
in a file start at that file.

## Options

${table(['Option', 'Type', 'Default', 'Variable, flag', 'Meaning'], OPTIONS.map(optionRow))}

## Channels

\`channels\` maps patterns to rules. Of the patterns that match a channel the most specific wins: segment by segment, a
literal goes before \`{param}\`, which goes before a last \`**\`.

${table(['Option', 'Type', 'Default', 'Meaning'], channels)}

### Grants

${table(['Grant', 'Allows'], GRANTS)}

## Keys

An entry of \`keys\` has exactly one of these. Secrets have at least 32 bytes for HS256, 48 for HS384, 64 for HS512.

${table(['Key', 'With', 'Meaning'], KEYS)}

## API keys

An entry of \`apiKeys\` has a \`name\`, one of \`secret\`, \`secretFile\`, \`secretEnv\` (at least 16 bytes), and, where the key may not do
everything, \`caps\`, as in a token: \`{ "chat:*": ["publish"] }\`.
`;
}

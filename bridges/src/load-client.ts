import { readFileSync } from 'node:fs';

/** A package of a broker's client is not installed. The message names the command that installs it. */
export class MissingClient extends Error {
  override readonly name = 'MissingClient';
}

/**
 * Loads the client of a broker.
 *
 * @param packages their names, for the command that installs them
 * @throws MissingClient
 */
export async function loadClient<T>(bridge: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new MissingClient(
      `The bridge "${bridge}" needs ${packages.join(' and ')}. Run: npm install ${packages.map(installSpec).join(' ')}`,
    );
  }
}

/** A package with the version that bridges need: npm refuses to install the latest one beside them if that is another. */
export function installSpec(name: string): string {
  const { peerDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly peerDependencies: Readonly<Record<string, string>>;
  };
  const [, kind, major, minor] = /^([~^])(\d+)\.(\d+)/.exec(peerDependencies[name] ?? '') ?? [];
  if (major === undefined) return name;
  return `${name}@${kind === '~' ? `${major}.${minor}` : major}`;
}

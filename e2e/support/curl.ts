import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs a curl line in a shell, as a backend developer does. Without curl, sends the same request with `fetch`.
 *
 * @returns the body of the response
 * @throws if the line fails
 */
export async function runCurl(line: string): Promise<string> {
  const args = words(line);
  if (args[0] !== 'curl') throw new Error(`not a curl line: ${args[0]}`);
  if (!(await hasCurl())) return request(args);
  const { stdout } = await run('sh', ['-c', `${line} --silent --show-error --fail-with-body`]);
  return stdout;
}

async function hasCurl(): Promise<boolean> {
  return run('curl', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Splits a line as a POSIX shell does. The page uses only single quotes. */
function words(line: string): string[] {
  const parts = line.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g);
  return [...parts].map(([word]) => word.replace(/'([^']*)'|\\(.)/g, '$1$2'));
}

async function request(args: readonly string[]): Promise<string> {
  const valuesOf = (flag: string) => args.flatMap((arg, at) => (args[at - 1] === flag ? [arg] : []));
  const url = args.find((arg) => arg.startsWith('http'));
  if (url === undefined) throw new Error('the curl line has no address');
  const headers = valuesOf('-H').map((header): [string, string] => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1).trim()];
  });
  const response = await fetch(url, {
    method: valuesOf('-X')[0] ?? 'POST',
    headers,
    body: valuesOf('-d')[0] ?? null,
  });
  if (!response.ok) throw new Error(`answered with ${response.status}: ${await response.text()}`);
  return response.text();
}

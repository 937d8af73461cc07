import { arch, env, platform, report, version } from 'node:process';

export type UwsModule = typeof import('uWebSockets.js');

/** Newest first; both are exact official binaries, see SECURITY.md. */
const PACKAGES = ['uWebSockets.js', 'uWebSockets.js-20.51'] as const;

/**
 * Maximum bytes of the head of a request: the longest accepted token has 16,384 characters, and
 * browsers and proxies add headers. The native part reads this when it is loaded; its default is 4
 * KiB.
 */
const HEAD = 20_480;
const HEAD_VARIABLE = 'UWS_HTTP_MAX_HEADERS_SIZE';

/** The version of glibc, from Node's diagnostic report; undefined on musl and outside of Linux. */
function libc(): string {
  if (platform !== 'linux') return '';
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? ', musl libc' : `, glibc ${header.glibcVersionRuntime}`;
}

/**
 * Loads the native WebSocket server: the newest binary that this machine can run.
 *
 * @throws Error with the platform and advice, if none can be loaded
 */
export async function loadUws(): Promise<UwsModule> {
  env[HEAD_VARIABLE] ??= String(HEAD);
  const failures: string[] = [];
  for (const name of PACKAGES) {
    try {
      return (await import(name)) as UwsModule;
    } catch (error) {
      failures.push(`  ${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  throw new Error(
    [
      `uWebSockets.js has no binary for Node ${version} on ${platform}-${arch}${libc()}:`,
      ...failures,
      'Use Node 22 or 24 with glibc 2.38 or newer, or Node 20 with glibc 2.36 or newer; on Alpine use a Debian image.',
      'If the package is missing, install again without "--omit=optional".',
    ].join('\n'),
  );
}

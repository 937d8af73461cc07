/** A remote gateway: its URLs, and the tokens and keys that a development gateway issues. */

import { CliError } from './cli-error.ts';
import type { Shell } from './shell.ts';

/** Default of `--url`. */
export const DEFAULT_URL = 'http://localhost:8080';

/** An HTTP URL is that of the gateway, or of one of its apps. A WebSocket URL without `/ws` says nothing about it. */
function basePath({ protocol, pathname }: URL): string {
  const path = pathname.replace(/\/$/, '');
  if (path.endsWith('/ws')) return path.slice(0, -'/ws'.length);
  return protocol.startsWith('http') ? path : '';
}

/** The HTTP URL of a path at the gateway, or at one of its apps, given any of its URLs. */
export function httpUrl(url: URL, path: string): URL {
  const http = new URL(`${basePath(url)}${path}`, url);
  http.protocol = url.protocol.replace('ws', 'http');
  return http;
}

/** The WebSocket URL of the gateway, or of one of its apps, given any of its URLs. */
export function socketUrl(url: URL): URL {
  const isComplete = url.protocol.startsWith('ws') && url.pathname !== '/';
  const socket = new URL(isComplete ? url.pathname : `${basePath(url)}/ws`, url);
  socket.protocol = url.protocol.replace('http', 'ws');
  return socket;
}

export const isLocal = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

/**
 * Fetches, and reports in one line if no gateway answers.
 *
 * @param within milliseconds for the complete answer
 */
export async function fetchFrom(url: URL, init: RequestInit, shell: Shell, within = 10_000): Promise<Response> {
  try {
    return await shell.fetch(url, { ...init, signal: AbortSignal.timeout(within) });
  } catch {
    throw new CliError(`no gateway answers at ${url.origin}. Start one with: sluice serve --dev`);
  }
}

/** Reads the gateway's response; a refusal becomes an error with the gateway's message. */
export async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  if (response.ok && body !== null) return body;
  const error = body?.error as { name?: string; message?: string } | undefined;
  throw new CliError(
    error?.message === undefined
      ? `the gateway answered with HTTP status ${response.status}`
      : `${error.message} (${error.name})`,
  );
}

export interface DevWish {
  readonly sub: string;
  readonly caps?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds. */
  readonly expiresIn?: number | undefined;
}

export interface DevCredentials {
  readonly token: string;
  readonly apiKey?: string;
}

/**
 * Requests a token and the API key of the run from a development gateway; `null` if the gateway
 * issues none.
 */
export async function fetchDevCredentials(url: URL, wish: DevWish, shell: Shell): Promise<DevCredentials | null> {
  const route = httpUrl(url, '/dev/token');
  route.searchParams.set('sub', wish.sub);
  if (wish.caps !== undefined) route.searchParams.set('caps', JSON.stringify(wish.caps));
  if (wish.claims !== undefined) route.searchParams.set('claims', JSON.stringify(wish.claims));
  if (wish.expiresIn !== undefined) route.searchParams.set('expires', String(Math.ceil(wish.expiresIn / 1000)));
  const response = await fetchFrom(route, {}, shell);
  if (response.status === 404) return null;
  const { token, apiKey } = await readAnswer(response);
  if (typeof token !== 'string') throw new CliError(`${route.origin} did not answer with a token`);
  return { token, ...(typeof apiKey === 'string' ? { apiKey } : {}) };
}

/** The error for a gateway that issues no tokens, with an alternative. */
export function notInDevelopment(url: URL, instead: string): CliError {
  return new CliError(`${url.origin} issues no tokens, because it does not run with --dev. ${instead}`);
}

/** The API key or token for a command: of a flag, of the environment, or issued by a development gateway. */
export async function findKey(
  { key, url }: { readonly key?: string; readonly url: URL },
  shell: Shell,
): Promise<string> {
  const given = key ?? (shell.env.SLUICE_API_KEY || undefined);
  if (given !== undefined) return given;
  if (!isLocal(url)) throw new CliError('an API key is needed. Give --key, or set SLUICE_API_KEY');
  const found = await fetchDevCredentials(url, { sub: 'cli' }, shell);
  if (found === null) throw notInDevelopment(url, 'Give --key, or set SLUICE_API_KEY');
  return found.apiKey ?? found.token;
}

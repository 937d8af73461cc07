/** How the words of a command line are read. */

import { parseDuration } from '@sluice/server/cli-support';
import { InvalidArgumentError } from 'commander';

/** Reads `name=value`, and adds it to those before. */
export function collectPairs(word: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = word.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write name=value.');
  return { ...before, [word.slice(0, at)]: word.slice(at + 1) };
}

/** Reads a claim: what is JSON is taken as JSON, everything else as text. */
export function collectClaims(word: string, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const claims = collectPairs(word);
  return { ...before, ...Object.fromEntries(Object.entries(claims).map(([name, text]) => [name, jsonOrText(text)])) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Reads `chat:*=subscribe,publish`. Names of channels may hold `=`, verbs do not: the last one divides. */
export function collectCaps(
  word: string,
  before: Readonly<Record<string, readonly string[]>> = {},
): Record<string, readonly string[]> {
  const at = word.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError("Write pattern=verbs, like 'chat:*=subscribe,publish'.");
  const pattern = word.slice(0, at);
  const verbs = word.slice(at + 1).split(',');
  return { ...before, [pattern]: [...(before[pattern] ?? []), ...verbs.map((verb) => verb.trim())] };
}

/** Reads a duration above zero, in ms. */
export function durationArgument(word: string): number {
  const ms = parseDuration(word);
  if (ms === null || ms <= 0) throw new InvalidArgumentError('Write a duration, like 30s, 10m, 1h, 7d.');
  return ms;
}

/** Reads a whole number, 0 or greater. */
export function countArgument(word: string): number {
  const count = Number(word);
  if (!/^\d+$/.test(word) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Write a whole number.');
  return count;
}

/** Reads an http, https, ws or wss URL. */
export function urlArgument(word: string): URL {
  const url = URL.canParse(word) ? new URL(word) : null;
  if (url === null || !/^(https?|wss?):$/.test(url.protocol)) {
    throw new InvalidArgumentError('Write a URL, like http://localhost:8080.');
  }
  return url;
}

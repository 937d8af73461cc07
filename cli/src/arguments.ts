/** Parsers of command-line arguments. */

import { checkData, markLongNumbers } from '@sluice/protocol';
import { parseDuration } from '@sluice/server/cli-support';
import { InvalidArgumentError } from 'commander';

/** Parses `name=value`, and adds it to earlier values. */
export function collectPairs(word: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = word.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write name=value.');
  return { ...before, [word.slice(0, at)]: word.slice(at + 1) };
}

/** Parses a claim: valid JSON is used as JSON, anything else as text. */
export function collectClaims(word: string, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const claims = collectPairs(word);
  return {
    ...before,
    ...Object.fromEntries(Object.entries(claims).map(([name, text]) => [name, claimOf(name, text)])),
  };
}

/** A rounded number would be the claim of somebody else. */
function claimOf(name: string, text: string): unknown {
  const value = jsonOrText(text);
  const fault = checkData(value);
  if (fault !== null) throw new InvalidArgumentError(`The claim "${name}" is not valid: ${fault}.`);
  return value;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(markLongNumbers(text));
  } catch {
    return text;
  }
}

/**
 * Parses `chat:*=subscribe,publish`. Channel names may contain `=` and verbs do not, so the last
 * one separates them.
 */
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

/** Parses a duration above zero, in ms. */
export function durationArgument(word: string): number {
  const ms = parseDuration(word);
  if (ms === null || ms <= 0) throw new InvalidArgumentError('Write a duration, like 30s, 10m, 1h, 7d.');
  return ms;
}

/** Parses a whole number, 0 or greater. */
export function countArgument(word: string): number {
  const count = Number(word);
  if (!/^\d+$/.test(word) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Write a whole number.');
  return count;
}

/** Parses an http, https, ws or wss URL. */
export function urlArgument(word: string): URL {
  const url = URL.canParse(word) ? new URL(word) : null;
  if (url === null || !/^(https?|wss?):$/.test(url.protocol)) {
    throw new InvalidArgumentError('Write a URL, like http://localhost:8080.');
  }
  return url;
}

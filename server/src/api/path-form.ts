import type { Parameters } from './route.ts';

const PARAMETER = /^\{(\w+)\}$/;

/**
 * Matches a path against the form of a route.
 *
 * @param form segments, in which `{name}` matches any non-empty segment
 * @param path as it was sent, percent-encoded
 * @returns the decoded parameters; `null` if the path does not match
 */
export function matchPath(form: string, path: string): Parameters | null {
  if (form === path) return {};
  const segments = form.split('/');
  const given = path.split('/');
  if (!form.includes('{') || segments.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    const name = PARAMETER.exec(segment)?.[1];
    if (name === undefined && segment !== given[at]) return null;
    if (name === undefined) continue;
    const value = decode(given[at] ?? '');
    if (value === '') return null;
    parameters[name] = value;
  }
  return parameters;
}

/** Empty if it cannot be decoded. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

import type { Parameters } from './route.ts';

const PARAMETER = /^\{(\w+)\}$/;

/**
 * Matches a path against the form of a route.
 *
 * @param form segments, of which `{name}` stands for any one that is not empty
 * @param path as it was sent, percent-encoded
 * @returns the parameters, decoded; `null` when the path has another form
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

/** Empty where it cannot be decoded. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

/**
 * Converts an address pattern to a regular expression: `*` matches anything but a slash, `**`
 * matches anything.
 */
export function patternSource(pattern: string): string {
  const parts = pattern.split(/(\*\*?)/);
  const sources = parts.map((part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return `^${sources.join('')}$`;
}

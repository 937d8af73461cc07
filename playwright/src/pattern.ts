/** Turns a pattern of addresses into the source of a regular expression: `*` stands for anything but a slash, `**` for anything. */
export function patternSource(pattern: string): string {
  const parts = pattern.split(/(\*\*?)/);
  const sources = parts.map((part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return `^${sources.join('')}$`;
}

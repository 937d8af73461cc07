/** The placeholders of templates. The package `@sluice/bridges` fills them in. */

const PLACEHOLDER = /\{([^{}]*)\}/g;
const NAMES = ['topic', 'subject', 'key', 'event', 'channel'];
const PREFIXES = ['header:', 'tag:', 'data:/'];

const isKnown = (name: string): boolean =>
  NAMES.includes(name) || PREFIXES.some((prefix) => name.startsWith(prefix) && name.length > prefix.length);

/** What is wrong with a template; `null`: nothing. */
export function templateFault(template: string): string | null {
  const unknown = [...template.matchAll(PLACEHOLDER)].find(([, name = '']) => !isKnown(name));
  if (unknown !== undefined) {
    return `uses ${unknown[0]}, which is no placeholder. Use {topic}, {subject}, {key}, {event}, {channel}, {header:name}, {tag:name} or {data:/path}`;
  }
  return /[{}]/.test(template.replaceAll(PLACEHOLDER, '')) ? 'has a brace without its other half. Remove it' : null;
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Markdown of this repository, relative to its root. */
const pages = ['.', 'docs', 'client-sdk', 'server', 'playwright', 'backend', 'protocol', 'examples', 'bench'].flatMap(
  (folder) =>
    readdirSync(join(root, folder), { recursive: folder !== '.', withFileTypes: true })
      .filter((entry) => entry.name.endsWith('.md') && !/node_modules|dist/.test(entry.parentPath))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
);

const withoutCode = (text: string) => text.replace(/^ *```[\s\S]*?^ *```/gm, '');

/** The anchors of a page: those that GitHub generates for headings, and explicit ones. */
function anchors(page: string): Set<string> {
  const source = withoutCode(readFileSync(join(root, page), 'utf8'));
  const found = new Set<string>([...source.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id));
  for (const [, heading = ''] of source.matchAll(/^#+ (.*)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = text.replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-');
    let name = slug;
    for (let n = 1; found.has(name); n++) name = `${slug}-${n}`;
    found.add(name);
  }
  return found;
}

/** The broken links of a page. */
function broken(page: string): string[] {
  const links = [...withoutCode(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)];
  return links.flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : join(dirname(page), file);
    if (!existsSync(join(root, target))) return [`${link}: the file does not exist`];
    const known = anchor === undefined || !target.endsWith('.md') || anchors(target).has(anchor);
    return known ? [] : [`${link}: the heading does not exist`];
  });
}

describe('links between pages', () => {
  it.each(pages)('of %s are not broken', (page) => {
    expect(broken(page)).toEqual([]);
  });

  it('lead from README.md to every guide', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const guides = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page));
    expect(guides.filter((guide) => !readme.includes(`](${guide})`))).toEqual([]);
  });
});

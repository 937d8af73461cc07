import { beforeAll, describe, expect, it } from 'vitest';
import { checkSvelte, checkTypeScript } from './support/check-snippets.ts';
import { allSnippets, exampleSnippets, fencedSnippets, type Snippet } from './support/snippets.ts';

const MINUTES = 60_000;
const isSvelte = ({ language }: Snippet) => language === 'svelte';

const MISTAKES = `# A page
\`\`\`ts
import { createClient } from '@sluice/client';

createClient({ port: 1 });
\`\`\`
\`\`\`svelte
<script lang="ts">
  const n: number = 1;
</script>
{n.length}
\`\`\`
`;

describe('code in pages and doc comments', () => {
  const snippets = allSnippets();
  const mistakes = fencedSnippets('mistakes.md', MISTAKES);
  const isOurs = (complaint: string) => complaint.startsWith('mistakes.md');
  let complaints: readonly string[];
  // One program for all snippets, because most of the time is spent loading types.
  beforeAll(async () => {
    const all = [...snippets, ...mistakes];
    const components = checkSvelte(all.filter(isSvelte));
    complaints = [...checkTypeScript(all.filter((snippet) => !isSvelte(snippet))), ...(await components)];
  }, 2 * MINUTES);

  it('compiles against the built packages', () => {
    expect(complaints.filter((complaint) => !isOurs(complaint))).toEqual([]);
  });

  it('is reported with file and line if it does not compile', () => {
    expect(complaints.filter(isOurs)).toEqual([
      expect.stringMatching(/^mistakes\.md:5: .*'port'/),
      expect.stringMatching(/^mistakes\.md:11: .*'length'/),
    ]);
  });

  it('is found in pages and in doc comments', () => {
    const files = new Set(snippets.map(({ file }) => file));
    for (const file of ['README.md', 'client-sdk/README.md', 'docs/react.md', 'client-sdk/src/api.ts']) {
      expect(files).toContain(file);
    }
  });
});

describe('finding snippets', () => {
  it('skips marked snippets, and other languages', () => {
    const text = ['```ts no-check', 'a b c', '```', '```json', '{}', '```', '```ts', 'const a = 1;', '```'].join('\n');
    expect(fencedSnippets('docs/page.md', text)).toEqual([
      { file: 'docs/page.md', line: 8, language: 'ts', code: 'const a = 1;' },
    ]);
  });

  it('reads examples with and without a fence', () => {
    const plain = ['/**', ' * Adds.', ' *', ' * @example', ' * add(1);', ' * @returns more', ' */'].join('\n');
    const fenced = ['', '  /**', '   * @example', '   * ```tsx', '   * <Add />', '   * ```', '   */'].join('\n');
    expect(exampleSnippets('add.ts', plain + fenced)).toEqual([
      { file: 'add.ts', line: 5, language: 'ts', code: 'add(1);' },
      { file: 'add.ts', line: 11, language: 'tsx', code: '<Add />' },
    ]);
  });
});

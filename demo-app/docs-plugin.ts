import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plugin } from 'vite';

const root = join(import.meta.dirname, '..');

/** Copies the project's documents as text to `docs/` next to the demo, so that its link to them works offline. */
export function docs(): Plugin {
  return {
    name: 'sluice-docs',
    apply: 'build',
    generateBundle() {
      const papers = readPapers();
      for (const { name, text } of papers) this.emitFile({ type: 'asset', fileName: `docs/${name}.txt`, source: text });
      this.emitFile({ type: 'asset', fileName: 'docs/index.html', source: indexPage(papers) });
    },
  };
}

interface Paper {
  readonly name: string;
  readonly title: string;
  readonly text: string;
}

function readPapers(): Paper[] {
  const folder = join(root, 'docs');
  const guides = readdirSync(folder).filter((file) => file.endsWith('.md'));
  const files = [...guides.sort().map((file) => join(folder, file)), join(root, 'protocol', 'SPEC.md')];
  return files.map((file) => {
    const text = readFileSync(file, 'utf8');
    const name = basename(file, '.md').toLowerCase();
    return { name, text, title: /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? name };
  });
}

function indexPage(papers: readonly Paper[]): string {
  const links = papers.map(({ name, title }) => `<li><a href="./${name}.txt">${escapeHtml(title)}</a></li>`);
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <meta name="color-scheme" content="light dark" />
  <title>Documentation · Sluice</title>
  <style>
    body { max-width: 36rem; margin: 12vh auto; padding: 0 1.5rem; font: 1.0625rem/1.6 system-ui, sans-serif; }
    body { color: light-dark(#10211f, #e6eeec); background: light-dark(#f7f9f8, #0f1817); }
    a { color: light-dark(#0b6068, #58c4bf); text-underline-offset: 0.2em; }
    li { margin: 0.4rem 0; }
  </style>
  <main>
    <h1>Documentation</h1>
    <p>The papers of this version, as text.</p>
    <ul>
      ${links.join('\n      ')}
    </ul>
    <p><a href="../">Back to the demo</a></p>
  </main>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

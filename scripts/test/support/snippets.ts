import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A code snippet in the documentation. */
export interface Snippet {
  /** The file, relative to the repository. */
  readonly file: string;
  /** The first line in the file, counted from 1. */
  readonly line: number;
  readonly language: Language;
  readonly code: string;
}

export type Language = 'ts' | 'tsx' | 'js' | 'svelte';

const LANGUAGES: readonly string[] = ['ts', 'tsx', 'js', 'svelte'] satisfies Language[];

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The files in a folder and its subfolders whose names end with this, relative to the repository. */
function files(folder: string, end: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, `${entry.parentPath}/${entry.name}`))
    .sort();
}

/** The fenced blocks of a Markdown text in a supported language, without those marked `no-check`. */
export function fencedSnippets(file: string, text: string, firstLine = 1): Snippet[] {
  const snippets: Snippet[] = [];
  let open: { language: string; line: number; code: string[] } | undefined;
  for (const [index, content] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(content.trimStart())?.[1];
    if (fence === undefined) open?.code.push(content);
    else if (open === undefined) open = { language: fence.trim(), line: firstLine + index + 1, code: [] };
    else {
      const { language, line, code } = open;
      if (isLanguage(language)) snippets.push({ file, line, language, code: code.join('\n') });
      open = undefined;
    }
  }
  return snippets;
}

const isLanguage = (name: string): name is Language => LANGUAGES.includes(name);

/** The `@example`s of the doc comments of a source file, fenced or not. */
export function exampleSnippets(file: string, text: string): Snippet[] {
  const comments = [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)];
  return comments.flatMap(({ 0: comment, index }) => {
    const firstLine = text.slice(0, index).split('\n').length;
    const lines = comment.split('\n').map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*) ?/, ''));
    return lines.flatMap((line, at) => {
      if (!line.startsWith('@example')) return [];
      const rest = lines.slice(at + 1);
      const end = rest.findIndex((next) => /^@\w/.test(next));
      const body = (end === -1 ? rest : rest.slice(0, end)).join('\n');
      const start = firstLine + at + 1;
      if (body.includes('```')) return fencedSnippets(file, body, start);
      return [{ file, line: start, language: 'ts' as const, code: body }];
    });
  });
}

/** Every snippet in the documentation and in doc comments. */
export function allSnippets(): Snippet[] {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...['client-sdk', 'server', 'playwright', 'backend', 'examples'].flatMap((folder) =>
      files(folder, 'README.md').filter((file) => !file.includes('dist/')),
    ),
    // The pages of the API repeat the examples of the doc comments.
    ...files('docs', '.md').filter((file) => !file.startsWith('docs/api/')),
  ];
  const sources = ['client-sdk/src', 'server/src', 'playwright/src', 'backend/src', 'protocol/src']
    .flatMap((folder) => files(folder, '.ts'))
    .filter((file) => !file.endsWith('.test.ts'));
  const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
  return [
    ...pages.flatMap((file) => fencedSnippets(file, read(file))),
    ...sources.flatMap((file) => exampleSnippets(file, read(file))),
  ];
}

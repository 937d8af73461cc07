import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { importsFor } from './snippet-context.ts';
import { root, type Snippet } from './snippets.ts';

const FOLDER = `${root}docs/snippets/`;

/**
 * As in a strict application. The packages are resolved by the `exports` of their package.json, as
 * built.
 */
const OPTIONS = {
  target: 'ES2023',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable'],
  types: ['node'],
  jsx: 'react-jsx',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  allowJs: true,
  checkJs: true,
};

const nameOf = ({ file, line, language }: Snippet) => `${file.replace(/[^a-z0-9]+/gi, '-')}-${line}.${language}`;

/** `file:line: what is wrong`, with the line in the page. */
const complaint = ({ file, line }: Snippet, offset: number, message: string) =>
  `${file}:${line + offset}: ${message.split('\n')[0]}`;

/**
 * Compiles snippets of TypeScript and JavaScript in one program, each as a module of its own.
 *
 * @returns the errors
 */
export function checkTypeScript(snippets: readonly Snippet[]): string[] {
  const modules = new Map(snippets.map((snippet) => [`${FOLDER}${nameOf(snippet)}`, snippet]));
  const { options } = ts.convertCompilerOptionsFromJson(OPTIONS, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  const read = (name: string) => {
    const snippet = modules.get(name);
    return snippet && `${importsFor(snippet)}\n${snippet.code}`;
  };
  host.fileExists = (name) => modules.has(name) || fileExists(name);
  host.readFile = (name) => read(name) ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const text = read(name);
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ts.ScriptTarget.ES2023);
  };
  const program = ts.createProgram([...modules.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    const snippet = modules.get(file?.fileName ?? '');
    if (file === undefined || snippet === undefined) return `${file?.fileName ?? ''}: ${message}`;
    // The first line is generated.
    return complaint(snippet, file.getLineAndCharacterOfPosition(start).line - 1, message);
  });
}

/**
 * Checks Svelte components with svelte-check.
 *
 * @returns the errors
 */
export async function checkSvelte(snippets: readonly Snippet[]): Promise<string[]> {
  mkdirSync(`${root}.test-output`, { recursive: true });
  const folder = mkdtempSync(`${root}.test-output/snippets-`);
  try {
    for (const snippet of snippets) writeFileSync(join(folder, nameOf(snippet)), withContext(snippet));
    const compilerOptions = {
      ...OPTIONS,
      module: 'ESNext',
      moduleResolution: 'bundler',
      // Imports from files next to a snippet are resolved in docs/snippets/.
      rootDirs: ['.', FOLDER],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.svelte'] }));
    return complaints(await runSvelteCheck(folder), snippets);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A component with the imports of its context on the line of its script tag, so that line numbers
 * stay the same.
 */
function withContext(snippet: Snippet): string {
  const script = /<script[^>]*>([\s\S]*?)<\/script>/.exec(snippet.code)?.[1] ?? '';
  return snippet.code.replace(
    /<script[^>]*>/,
    (tag) => `${tag} ${importsFor(snippet, script).replace('export {};', '')}`,
  );
}

function runSvelteCheck(folder: string): Promise<string> {
  const program = `${root}node_modules/svelte-check/bin/svelte-check`;
  const args = [program, '--workspace', folder, '--tsconfig', join(folder, 'tsconfig.json')];
  return new Promise((resolve) => {
    // It exits with an error if it finds problems; its output lists them.
    execFile(process.execPath, [...args, '--output', 'machine-verbose'], { cwd: root }, (_, stdout) => resolve(stdout));
  });
}

interface SvelteComplaint {
  readonly filename: string;
  readonly start: { readonly line: number };
  readonly message: string;
}

function complaints(output: string, snippets: readonly Snippet[]): string[] {
  if (!output.includes('COMPLETED')) return [`svelte-check did not complete: ${output}`];
  const found = [...output.matchAll(/^\d+ (\{.*\})$/gm)].map(([, json = '']) => JSON.parse(json) as SvelteComplaint);
  return found.map(({ filename, start, message }) => {
    const snippet = snippets.find((candidate) => nameOf(candidate) === basename(filename));
    return snippet === undefined ? `${filename}: ${message}` : complaint(snippet, start.line, message);
  });
}

import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { root, type Snippet } from './snippets.ts';

// Names that snippets use without importing them: functions of the application (`show`,
// `mayRead`…), and values of earlier snippets of the same page (`client`, `lobby`). They are in
// docs/snippets/, and imported if used.

/** Files of docs/snippets/ that a page may use in addition to `application.ts`. */
const CONTEXTS: Readonly<Record<string, string>> = {
  'client-sdk/README.md': 'sdk-readme.ts',
};

/** Doc comments of the SDK and the server may use a client. */
const contextOf = ({ file }: Snippet): readonly string[] => {
  const context = file.endsWith('.md') ? CONTEXTS[file] : 'doc-comments.ts';
  return ['application.ts', ...(context === undefined ? [] : [context])];
};

const exported = new Map<string, readonly string[]>();

function exportsOf(context: string): readonly string[] {
  let names = exported.get(context);
  if (names === undefined) {
    const text = readFileSync(`${root}docs/snippets/${context}`, 'utf8');
    names = [...text.matchAll(/^export (?:declare )?(?:const|function|interface|type|class) (\w+)/gm)].map(
      ([, name = '']) => name,
    );
    exported.set(context, names);
  }
  return names;
}

/** The top-level names that a program declares, and all names that it uses. */
function namesIn(code: string): { declared: Set<string>; used: Set<string> } {
  const source = ts.createSourceFile('snippet.tsx', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const declared = new Set<string>();
  const used = new Set<string>();
  const visit = (node: ts.Node) => {
    if (ts.isIdentifier(node)) {
      used.add(node.text);
      if (isDeclaration(node) && isAtTop(node)) declared.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { declared, used };
}

function isDeclaration(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent)) return true;
  return 'name' in parent && parent.name === node && (ts.isDeclarationStatement(parent) || isVariable(parent));
}

const isVariable = (node: ts.Node) => ts.isVariableDeclaration(node) || ts.isBindingElement(node);

function isAtTop(node: ts.Node): boolean {
  for (let up: ts.Node = node.parent; !ts.isSourceFile(up); up = up.parent) {
    if (ts.isFunctionLike(up) || ts.isBlock(up) || ts.isForStatement(up) || ts.isForOfStatement(up)) {
      if (!(ts.isFunctionDeclaration(up) && up.name === node)) return false;
    }
  }
  return true;
}

/** One line that imports the names of the context that the snippet uses. */
export function importsFor(snippet: Snippet, code = snippet.code): string {
  const { declared, used } = namesIn(code);
  const imports = contextOf(snippet).flatMap((context) => {
    const names = exportsOf(context).filter((name) => used.has(name) && !declared.has(name));
    return names.length === 0 ? [] : [`import { ${names.join(', ')} } from './${context}';`];
  });
  return ['export {};', ...imports].join(' ');
}

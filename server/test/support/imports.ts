import { dirname, posix } from 'node:path';
import type { Source } from './sources.ts';

/** How a file uses another: at load time, later by `import('…')`, or only for its types. */
export type ImportKind = 'value' | 'lazy' | 'type';

export interface Import {
  readonly from: string;
  /** A path from the root of the repository, or the name of a package. */
  readonly to: string;
  readonly kind: ImportKind;
}

/** Static imports and exports, dynamic ones, and types by `import('…')`. */
const IMPORT =
  /(?<statement>\b(?:import|export)\s+(?<type>type\s+(?!from\b))?(?:[\w*{}\s,$]*?\bfrom\s*)?|(?<typeof>\btypeof\s+)?\bimport\s*\(\s*)'(?<target>[^']+)'/g;

export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

/** All imports of a file. */
export function importsOf({ path, text }: Source): Import[] {
  return [...withoutComments(text).matchAll(IMPORT)].map(({ groups = {} }) => {
    const target = groups.target ?? '';
    return { from: path, to: resolve(path, target), kind: kindOf(groups) };
  });
}

function resolve(path: string, target: string): string {
  return target.startsWith('.') ? posix.normalize(posix.join(dirname(path), target)) : target;
}

function kindOf(groups: Record<string, string | undefined>): ImportKind {
  if (groups.type !== undefined || groups.typeof !== undefined) return 'type';
  return groups.statement?.startsWith('import(') === true ? 'lazy' : 'value';
}

/**
 * Groups of files that import each other in a cycle, each sorted; an empty list if there is no
 * cycle. Tarjan's algorithm.
 */
export function cyclesOf(imports: readonly Pick<Import, 'from' | 'to'>[]): string[][] {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const own = index.size;
    index.set(file, own);
    low.set(file, own);
    stack.push(file);
    for (const next of edges.get(file) ?? []) {
      const reached = index.has(next) ? (stack.includes(next) ? index.get(next) : undefined) : visit(next);
      low.set(file, Math.min(low.get(file) ?? own, reached ?? own));
    }
    if (low.get(file) === own) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1 || edges.get(file)?.includes(file)) cycles.push(group.sort());
    }
    return low.get(file) ?? own;
  };
  for (const file of edges.keys()) if (!index.has(file)) visit(file);
  return cycles;
}

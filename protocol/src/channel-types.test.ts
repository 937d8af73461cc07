import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { comparePatterns, matchPattern, parsePattern, patternsCollide } from './patterns.ts';

/** The most specific pattern, as determined by the gateway. */
function winner(sources: readonly string[], channel: string): string {
  const patterns = sources.map(parsePattern).sort(comparePatterns);
  return patterns.find((pattern) => matchPattern(pattern, channel) !== null)?.source ?? 'never';
}

/** The compiler's results for type expressions over `channel-types.ts`. */
function evaluate(expressions: readonly string[]): string[] {
  const file = fileURLToPath(new URL('./evaluated.ts', import.meta.url));
  const lines = expressions.map((type, at) => `export declare const value${at}: ${type};`);
  const text = `import type { PatternFor } from './channel-types.ts';\n${lines.join('\n')}`;
  const options: ts.CompilerOptions = { strict: true, noEmit: true, allowImportingTsExtensions: true, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error('the program was not read');
  const values = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
  return expressions.map((_, at) => {
    const symbol = values.get(`value${at}`);
    return symbol === undefined ? 'missing' : checker.typeToString(checker.getTypeOfSymbol(symbol)).replaceAll('"', '');
  });
}

const union = (texts: readonly string[]): string => texts.map((text) => `'${text}'`).join(' | ');

const word = fc.constantFrom('a', 'b');
const segment = fc.oneof(word, fc.constantFrom('{x}', '{y}', '*'));
const pattern = fc
  .tuple(fc.uniqueArray(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, rest]) => [...segments, ...(rest ? ['**'] : [])].join(':'));
const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((segments) => segments.join(':'));
const ties = (sources: readonly string[]): boolean => {
  const patterns = sources.map(parsePattern);
  return patterns.some((one, at) => patterns.slice(0, at).some((other) => patternsCollide(one, other)));
};
const rules = fc.uniqueArray(pattern, { minLength: 1, maxLength: 6 }).filter((sources) => !ties(sources));

// The compiler is slow if other tests compute at the same time.
const TIMEOUT = 60_000;

it(
  'finds the same pattern in types as at run time',
  () => {
    // One program for all expressions: the compiler reads its library once.
    const cases = fc.sample(fc.tuple(rules, name), 500);
    const found = evaluate(cases.map(([sources, channel]) => `PatternFor<${union(sources)}, '${channel}'>`));
    expect(cases.map(([sources, channel], at) => ({ sources, channel, won: found[at] }))).toEqual(
      cases.map(([sources, channel]) => ({ sources, channel, won: winner(sources, channel) })),
    );
    expect(new Set(found).size).toBeGreaterThan(10);
  },
  TIMEOUT,
);

it(
  'treats a part that is only known at run time as one segment',
  () => {
    const part = `$\{string}`;
    const rows = [
      [`PatternFor<'chat:{room}' | 'chat:lobby', \`chat:${part}\`>`, 'chat:{room}'],
      [`PatternFor<'chat:{room}' | 'chat:**', \`chat:${part}\`>`, 'chat:{room}'],
      [`PatternFor<'a:{b}:c:{d}', \`a:${part}:c:${part}\`>`, 'a:{b}:c:{d}'],
      [`PatternFor<'a:{b}' | 'a:**', \`a:${part}:c\`>`, 'a:**'],
      [`PatternFor<'user:{id}', \`user:$\{number}\`>`, 'user:{id}'],
      [`PatternFor<'user:{id}', 'user:1' | 'user:2'>`, 'user:{id}'],
      [`PatternFor<'chat:lobby', \`chat:${part}\`>`, 'never'],
      ["PatternFor<'chat:{room}' | 'log:**', 'chat:'>", 'never'],
      ["PatternFor<'chat:{room}' | 'log:**', 'log'>", 'never'],
    ] as const;
    expect(evaluate(rows.map(([type]) => type))).toEqual(rows.map(([, expected]) => expected));
  },
  TIMEOUT,
);

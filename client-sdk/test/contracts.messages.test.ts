import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const CHANNELS = `
import { createClient } from '../src/index.ts';
import { defineChannels } from '../src/contracts.ts';
import { z } from 'zod';

const channels = defineChannels({
  'chat:{room}': {
    message: z.object({ text: z.string() }),
    events: { typing: z.object({ on: z.boolean() }), seen: z.number() },
    presence: z.object({ status: z.enum(['here', 'away']) }),
  },
  'user:{id}': { message: z.object({ title: z.string(), urgent: z.boolean().optional() }) },
  'moves:{game}': { events: { move: z.string() } },
});
export const client = createClient<typeof channels>({ url: 'ws://localhost' });
`;

const any = (start: string) => `\`${start}:$\{string}\``;
const NAMES = `'${any('chat')} | ${any('user')} | ${any('moves')}'`;

/** The mistake, the code, and what the compiler must report. */
const MISTAKES: readonly (readonly [string, string, readonly string[]])[] = [
  ['a wrong channel', "client.channel('chatt:lobby')", [`'"chatt:lobby"' is not assignable`, NAMES]],
  ['a name of any text', 'client.channel(String(1))', ["'string' is not assignable", NAMES]],
  [
    'one segment too many',
    "client.channel('chat:lobby:deep')",
    [`'"chat:lobby:deep"' is not assignable`, `'"chat:{room}" | "user:{id}" | "moves:{game}"'`],
  ],
  ['a pattern instead of a name', "client.channel('chat:{room}')", ['is a pattern; write a value for {…}']],
  [
    'a wrong field',
    "client.channel('user:42').publish({ titel: 'Hi' })",
    ["'titel' does not exist in type '{ title: string; urgent?: boolean", "Did you mean to write 'title'?"],
  ],
  ['a wrong type', "client.channel('user:42').publish({ title: 7 })", ["'number' is not assignable to type 'string'"]],
  ['a missing field', "client.channel('user:42').publish({})", ["Property 'title' is missing in type '{}'"]],
  [
    'a wrong field in a channel with events',
    "client.channel('chat:lobby').publish({ txt: 'Hi' })",
    ["'txt' does not exist in type '{ text: string; }'", "Did you mean to write 'text'?"],
  ],
  [
    'a wrong event',
    "client.channel('chat:lobby').publish({ on: true }, { event: 'typng' })",
    [`'"typng"' is not assignable to type '"typing" | "seen"`, `Did you mean '"typing"'?`],
  ],
  [
    'data of another event',
    "client.channel('chat:lobby').publish({ text: '' }, { event: 'typing' })",
    ["'text' does not exist in type '{ on: boolean; }'"],
  ],
  ['no event', "client.channel('moves:1').publish('e4', {})", ["Property 'event' is missing", 'event: "move"']],
  [
    'a wrong presence state',
    "client.channel('chat:lobby').presence.enter({ status: 'gone' })",
    [`'"gone"' is not assignable to type '"here" | "away"'`],
  ],
  [
    'a wrong field of a presence state',
    "client.channel('chat:lobby').presence.update({ state: 'here' })",
    [`'state' does not exist in type '{ status: "here" | "away"; }'`],
  ],
  [
    'reading a wrong field',
    "client.channel('user:42').subscribe(({ data }) => data.titel)",
    ["'titel' does not exist on type '{ title: string;", "Did you mean 'title'?"],
  ],
  [
    'comparing with a wrong event',
    "client.channel('chat:lobby').subscribe(({ event }) => event === 'typng')",
    [`'"typing" | "seen" | undefined' and '"typng"' have no overlap`],
  ],
  [
    'a wrong part of a contract',
    "defineChannels({ 'a:{b}': { message: z.string(), evnts: {} } })",
    ['evnts\\" is no part of a channel; these are: message, events, presence, request, rule'],
  ],
  ['no schema', "defineChannels({ 'a:{b}': { message: 'text' } })", ["'string' is not assignable to type 'Schema"]],
  [
    'a wrong option of a rule',
    "defineChannels({ 'a:{b}': { rule: { slow: 'never' } } })",
    [`'"never"' is not assignable to type '"replay" | "latest" | "drop" | "disconnect"`],
  ],
  [
    'a wrong grant',
    "defineChannels({ 'a:{b}': { rule: { allow: { subscribe: 'user' } } } })",
    [`'"user"' is not assignable to type`, '"users"'],
  ],
];

const OPTIONS = ts.parseJsonConfigFileContent(
  ts.readConfigFile(at('../tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  at('..'),
).options;

/** Compiles all programs next to this file in one run, so that the library is read once. */
function diagnose(programs: readonly string[]): string[] {
  const sources = new Map(programs.map((text, index) => [at(`./wrong-${index}.ts`), `${CHANNELS}${text};\n`]));
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => sources.get(name) ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const text = sources.get(name);
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ts.ScriptTarget.ES2023);
  };
  const program = ts.createProgram([...sources.keys()], OPTIONS, host);
  return [...sources.keys()].map((name) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(name))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
      .join('\n'),
  );
}

describe('the compiler reports', () => {
  const diagnostics = diagnose(MISTAKES.map(([, text]) => text));

  it.each(MISTAKES.map(([what, , parts], at) => ({ what, parts, text: diagnostics[at] })))(
    '$what',
    ({ parts, text }) => {
      for (const part of parts) expect(text).toContain(part);
    },
  );

  it('nothing for a correct program', () => {
    expect(diagnose(["client.channel('chat:lobby').publish({ on: true }, { event: 'typing' })"])).toEqual(['']);
  });
});

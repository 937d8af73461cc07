/** Reads a configuration file: YAML, JSON, or a JavaScript module. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { markLongNumbers } from '@sluice/protocol';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { importModule, isModule } from './import-module.ts';
import { ConfigError } from './problems.ts';

/** Searched in the working directory, in this order. */
export const FILE_NAMES = [
  'sluice.yaml',
  'sluice.yml',
  'sluice.json',
  'sluice.config.mjs',
  'sluice.config.js',
  'sluice.config.ts',
] as const;

type Plain = Readonly<Record<string, unknown>>;

/** The configuration file of a folder, or `undefined`. */
export function findFile(directory: string): string | undefined {
  return FILE_NAMES.map((name) => resolve(directory, name)).find((file) => existsSync(file));
}

/** JSON is parsed as YAML, its superset, so that its errors also have a line. */
function parseText(file: string, source: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { prettyErrors: false, lineCounter });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return `${file}:${line}:${col}: ${error.message}`;
    });
    throw new ConfigError(problems);
  }
  markNumbersOf(document);
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError([`${file}: ${messageOf(error)}`]);
  }
}

/** Makes numbers with more digits than JavaScript carries unreadable, for the checks of the options. */
function markNumbersOf(document: Document): void {
  visit(document, {
    Scalar: (_, node) => {
      const { value, source = '' } = node;
      if (typeof value === 'number' && markLongNumbers(source) !== source) node.value = Number.POSITIVE_INFINITY;
    },
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function readModule(file: string): Promise<unknown> {
  try {
    const module = await importModule(file);
    return module.default ?? module.config;
  } catch (error) {
    throw new ConfigError([`${file}: cannot be loaded: ${messageOf(error)}`]);
  }
}

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ConfigError([
      `${file}: ${missing ? 'does not exist. Correct the path given with --config' : messageOf(error)}`,
    ]);
  }
}

/**
 * Reads the configuration in a file. An empty file is an empty configuration.
 *
 * @throws ConfigError if it cannot be read, with `file:line:column` if its syntax is wrong
 */
export async function readConfigFile(file: string): Promise<Plain> {
  const source = await readSource(file);
  const module = isModule(file);
  const value = module ? await readModule(file) : parseText(file, source);
  if (value === null && !module) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Plain;
  const fix = module ? 'Export it as default, or as "config"' : 'Write options, like "port: 8080"';
  throw new ConfigError([`${file}: contains no configuration. ${fix}`]);
}

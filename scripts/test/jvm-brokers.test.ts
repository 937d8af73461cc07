import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureJars, findJars } from '../jvm-brokers.mjs';

const BROKER = {
  name: 'a-broker',
  variable: 'SLUICE_TEST_A_BROKER',
  artifacts: ['org.example:a:1', 'org.example:b:2'],
};

let folder: string;

/** A program for the tests; its folder is the current one. */
function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-jars-'));
  vi.stubEnv('SLUICE_TEST_CACHE', join(folder, 'cache'));
  vi.stubEnv('SLUICE_JAVA', program('java', 'exit 0'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const cached = () => readdirSync(join(folder, 'cache'));

describe('the jars of a broker', () => {
  it('are fetched once, with what they depend on', () => {
    vi.stubEnv('SLUICE_MAVEN', program('mvn', 'mkdir jars; cp pom.xml jars/; echo fetched >> ../../fetches'));
    const first = ensureJars(BROKER);
    expect(ensureJars(BROKER)).toBe(first);
    expect(findJars(BROKER)).toBe(first);
    expect(readFileSync(join(folder, 'fetches'), 'utf8')).toBe('fetched\n');
    expect(readFileSync(join(first, 'pom.xml'), 'utf8')).toContain('<artifactId>b</artifactId><version>2</version>');
    expect(cached()).toHaveLength(1);
  });

  it('are not used if the fetch was interrupted', () => {
    vi.stubEnv('SLUICE_MAVEN', program('mvn', 'mkdir jars; touch jars/a.jar; exit 1'));
    expect(() => ensureJars(BROKER)).toThrow('a-broker was not found');
    expect(findJars(BROKER)).toBeUndefined();
    expect(cached()).toEqual([]);
  });

  it('of another version have another folder', () => {
    vi.stubEnv('SLUICE_MAVEN', program('mvn', 'mkdir jars'));
    ensureJars(BROKER);
    expect(findJars({ ...BROKER, artifacts: ['org.example:a:3'] })).toBeUndefined();
  });

  it('may be in a folder that a variable names', () => {
    vi.stubEnv(BROKER.variable, join(folder, 'mine'));
    expect(() => findJars(BROKER)).toThrow('SLUICE_TEST_A_BROKER names');
    mkdirSync(join(folder, 'mine'));
    expect(ensureJars(BROKER)).toBe(join(folder, 'mine'));
  });
});

import { randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { loadContracts } from '../config/contracts.ts';
import { readConfigFile } from '../config/file.ts';
import { type ConfigInput, parseConfig } from '../config/schema.ts';
import { Faults } from './faults.ts';
import { GatewayRun } from './gateway-run.ts';
import { Links } from './links.ts';
import { Recorder } from './recorder.ts';
import { TestClock } from './test-clock.ts';
import { TestGateway } from './test-gateway.ts';
import { TokenGate } from './token-gate.ts';

/** The configuration of a test's gateway: any option of a gateway. */
export interface TestGatewayOptions extends Omit<ConfigInput, 'engine' | 'host'> {
  /**
   * Channel rules. Default without contracts: every channel exists, keeps history, and all users
   * may do everything.
   */
  readonly channels?: NonNullable<ConfigInput['channels']>;
  /**
   * A configuration file, such as the `sluice.yaml` of production. Its rules and limits apply
   * unless an option here overrides them. Its keys, address, engine and log settings are ignored.
   */
  readonly file?: string;
  /** Default: any free port. */
  readonly port?: number;
}

const OPEN_CHANNELS: NonNullable<ConfigInput['channels']> = { '**': { allow: { '*': 'users' }, history: true } };

/**
 * Starts a real gateway for tests: on a free port, with a secret of its own, without log output,
 * with logs in memory.
 *
 * @throws ConfigError that lists every problem of the configuration, and how to fix it
 * @example
 * ```ts
 * import { startTestGateway } from '@sluice/server/testing';
 *
 * const gateway = await startTestGateway({ channels: { 'chat:{room}': { allow: { '*': 'users' }, history: true } } });
 * await gateway.publishAs('ada', 'chat:lobby', { text: 'Hello' });
 * await gateway.close();
 * ```
 */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { port = 0, file, ...rest } = options;
  const written: ConfigInput = file === undefined ? {} : await readRules(file);
  const { config, secret, apiKey } = configure({ ...written, ...rest }, file === undefined ? '.' : dirname(file));
  const clock = new TestClock();
  const links = new Links();
  const recorder = new Recorder();
  const tokenGate = new TokenGate();
  const run = new GatewayRun({ config, clock, links, recorder, tokenGate });
  await run.start();
  const open = await links.listen(port).catch(async (error: unknown) => {
    await run.end();
    throw error;
  });
  const faults = new Faults({ run, links, recorder, tokenGate });
  return new TestGateway({ port: open, secret, apiKey, clock, faults, run, links, recorder });
}

const newSecret = () => randomBytes(32).toString('base64url');

/**
 * The part of a file that applies in a test: without the listening address, the environment, and
 * the keys of tokens.
 */
async function readRules(file: string): Promise<ConfigInput> {
  const { host, port, engine, keys, apiKeys, log, ...rules } = await readConfigFile(file);
  if (typeof rules.contracts !== 'string') return rules;
  return { ...rules, contracts: await loadContracts(resolve(dirname(file), rules.contracts), file) };
}

/** The configuration, with a secret and an API key in addition to its own. */
function configure(options: ConfigInput, directory: string) {
  const { dev = false, keys = [], apiKeys = [], contracts } = options;
  const { channels = contracts === undefined ? OPEN_CHANNELS : {} } = options;
  const [secret, apiKey] = [newSecret(), newSecret()];
  const input: ConfigInput = {
    log: { level: 'silent' },
    origins: '*',
    drain: 0,
    ...options,
    channels,
    // In development mode without keys the gateway creates its own key, and only then issues
    // tokens.
    keys: dev && keys.length === 0 ? [] : [...keys, { secret }],
    apiKeys: dev && apiKeys.length === 0 ? [] : [...apiKeys, { name: 'test', secret: apiKey }],
  };
  const config = parseConfig(input, { directory: resolve(directory) });
  return { config, secret: config.devSecret ?? secret, apiKey: config.devApiKey ?? apiKey };
}

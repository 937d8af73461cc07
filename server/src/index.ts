import { type Config, type ConfigInput, parseConfig } from './config/schema.ts';
import { assemble, Gateway } from './gateway.ts';

export { type MintOptions, mintToken } from './auth/mint.ts';
export { type Config, ConfigError, type ConfigInput } from './config/schema.ts';
export { type Channels, defineChannels, type GrantContext, type GrantFunction } from './contracts.ts';
export type { Address, Gateway } from './gateway.ts';
export { SluiceError } from './sluice-error.ts';

/**
 * Makes a gateway that runs inside this program.
 *
 * Nothing is opened before `start()`. In an embedded gateway a grant of a channel rule may be a function.
 *
 * @throws ConfigError that lists everything wrong with the configuration, and how to mend it
 * @example
 * ```ts
 * import { createGateway } from '@sluice/server';
 *
 * const gateway = createGateway({
 *   port: 8080,
 *   keys: [{ secretEnv: 'SLUICE_SECRET' }],
 *   channels: {
 *     'user:{id}': { allow: { subscribe: 'owner:{id}' }, history: { count: 100, age: '24h' } },
 *     'doc:{id}': { allow: { subscribe: ({ user, params }) => mayRead(user, params.id) } },
 *   },
 * });
 * const { url } = await gateway.start();
 * await gateway.publish('user:ada', { title: 'Build finished' }, { event: 'notification' });
 * await gateway.close();
 * ```
 */
export function createGateway(config: ConfigInput | Config): Gateway {
  return new Gateway(assemble(parseConfig(config)));
}

/**
 * The internals that the `sluice` command needs. Only `@sluice/cli` of the same version may import
 * this entry: it changes without notice and is no part of the public API.
 *
 * It loads no native code by itself; the functions below import native code when it is needed.
 */

export type { Grant } from './auth/acl.ts';
export { interfaceAddresses, isLoopback } from './auth/dev-access.ts';
export { describedIdentity, type Identity, parseCapabilities, VERBS, type Verb } from './auth/identity.ts';
export { HMAC_ALGORITHMS, type HmacAlgorithm, importKey, type SecretKey } from './auth/keys.ts';
export { patternFault } from './channels/explain-access.ts';
export { Rules } from './channels/rules.ts';
export { describeConfig } from './config/describe.ts';
export { type Differences, differencesOf } from './config/differences.ts';
export { findFile } from './config/file.ts';
export { hintsFor } from './config/hints.ts';
export { type Gathered, type Loaded, type LoadOptions, load } from './config/load.ts';
export { OPTION_ROWS } from './config/options.ts';
export { type Config, ConfigError, type Invented, parseConfig } from './config/schema.ts';
export { parseDuration } from './config/values.ts';
export { explainOperation, type OperationExplanation } from './hooks/explain-operation.ts';

/** Loads the supervisor of several gateways on one port. */
export type { ReloadReport } from './reload.ts';
export const loadSupervisor = () => import('./workers/supervisor.ts');

/** Loads the functions that check and salvage the data folder of the durable engine. */
export const loadRepairTools = () => import('./engine/durable/repair/tools.ts');

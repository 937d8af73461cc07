/**
 * A real gateway for tests, with a clock that can be advanced and faults that can be injected.
 *
 * @packageDocumentation
 */

export type { GroupStats } from '../engine/groups.ts';
export type { ConsumeFunction, ProgramConsumeOptions, ProgramDelivery } from '../groups/program-delivery.ts';
export type { Expected, MessageFields } from './expected.ts';
export type { Faults, Who } from './faults.ts';
export type { RestartOptions } from './gateway-run.ts';
export type { ReceivedMessage, TestConnection, WaitOptions } from './recorder.ts';
export { startTestGateway, type TestGatewayOptions } from './start-test-gateway.ts';
export type { TestClock } from './test-clock.ts';
export type { TestGateway } from './test-gateway.ts';
export type { DraftOptions, PublishAsOptions, TokenOptions } from './test-options.ts';

/**
 * A client for unit tests with an in-memory gateway: no server, no port, no delays.
 *
 * @packageDocumentation
 */
export type { ErrorName, Json, Member, Message } from '@sluice/protocol';
export { createTestClient, type TestClient, type TestClientOptions } from './create-test-client.ts';
export { type ChannelMembers, MemoryGateway, type MemoryGatewayOptions } from './memory-gateway.ts';
export type { AppendedMessage, DraftOptions } from './memory-log.ts';
export type { WaitingMessage } from './memory-schedules.ts';
export type { ChannelVerb, DenyOptions } from './permissions.ts';

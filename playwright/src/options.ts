import type { TestGatewayOptions } from '@sluice/server/testing';

/** How the gateway of a test is set up, and how the application under test finds it: `test.use({ sluice: { … } })`. */
export interface SluiceOptions extends TestGatewayOptions {
  /** WebSockets whose address matches this pattern are opened at the test's gateway instead. Default: any with the path `/ws`. */
  readonly socketRoute?: string;
  /** Requests for tokens: those that match this pattern of Playwright's `route` are answered with a token of the user. Default: none. */
  readonly tokenRoute?: string;
  /** The body of that answer. Default: `{ "token": "…" }`. */
  readonly tokenAnswer?: (token: string, user: string) => unknown;
}

/** Where an application opens its WebSocket, as long as nobody chooses another path. */
export const SOCKET_ROUTE = '**/ws';

/** The part of the options that is the gateway's. */
export function gatewayOptions({
  socketRoute,
  tokenRoute,
  tokenAnswer,
  ...gateway
}: SluiceOptions): TestGatewayOptions {
  return gateway;
}

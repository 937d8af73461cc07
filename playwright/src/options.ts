import type { TestGatewayOptions } from '@sluice/server/testing';

/**
 * How to set up the gateway of a test, and how the application under test finds it: `test.use({
 * sluice: { … } })`.
 */
export interface SluiceOptions extends TestGatewayOptions {
  /**
   * Pattern of WebSocket addresses to redirect to the test's gateway. Default: any address with the
   * path `/ws`.
   */
  readonly socketRoute?: string;
  /**
   * Pattern of token requests, as for Playwright's `route`. They are answered with a token of the
   * user. Default: none.
   */
  readonly tokenRoute?: string;
  /** The body of the answer to a token request. Default: `{ "token": "…" }`. */
  readonly tokenAnswer?: (token: string, user: string) => unknown;
}

/** The default of `socketRoute`. */
export const SOCKET_ROUTE = '**/ws';

/** The options of the gateway itself. */
export function gatewayOptions({
  socketRoute,
  tokenRoute,
  tokenAnswer,
  ...gateway
}: SluiceOptions): TestGatewayOptions {
  return gateway;
}

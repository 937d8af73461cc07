import type { BrowserContext } from '@playwright/test';
import type { TestGateway, TokenOptions } from '@sluice/server/testing';
import { type SluiceOptions, SOCKET_ROUTE } from './options.ts';
import { patternSource } from './pattern.ts';

/** The object at `window.__sluice` in the page: options for `createClient`. */
export interface InjectedSluice {
  readonly url: string;
  readonly user: string;
  /** Fetches a new token. */
  token(): Promise<string>;
}

export interface LoginOptions {
  readonly gateway: TestGateway;
  readonly user: string;
  readonly sluice: SluiceOptions;
  readonly token?: TokenOptions | undefined;
}

interface Injection {
  readonly url: string;
  readonly user: string;
  readonly pattern: string;
}

/**
 * Logs a user in to all pages of the context. Their WebSockets connect to the test's gateway, and
 * token requests get the user's tokens.
 */
export async function logIn(context: BrowserContext, { gateway, user, sluice, token }: LoginOptions): Promise<void> {
  const { socketRoute = SOCKET_ROUTE, tokenRoute, tokenAnswer = (minted: string) => ({ token: minted }) } = sluice;
  const mint = () => gateway.token(user, token);
  await context.exposeFunction('__sluiceToken', mint);
  await context.addInitScript(inject, { url: gateway.url, user, pattern: patternSource(socketRoute) });
  if (tokenRoute === undefined) return;
  await context.route(tokenRoute, async (route) => {
    const answer = tokenAnswer(await mint(), user);
    const headers = { 'Access-Control-Allow-Origin': '*' };
    if (typeof answer === 'string') await route.fulfill({ body: answer, contentType: 'text/plain', headers });
    else await route.fulfill({ json: answer, headers });
  });
}

/** Runs in the page before the application's code. */
function inject({ url, user, pattern }: Injection): void {
  const page = window as unknown as { __sluice: InjectedSluice; __sluiceToken(): Promise<string> };
  const options = { url, token: () => page.__sluiceToken() };
  // Not enumerable, because the client refuses options that it does not know.
  page.__sluice = Object.defineProperty(options, 'user', { value: user }) as InjectedSluice;
  const wanted = new RegExp(pattern);
  // Real WebSockets, so that the application sees the gateway's faults.
  window.WebSocket = class extends window.WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      const { origin, pathname } = new URL(address, window.location.href);
      super(wanted.test(origin + pathname) ? url : address, protocols);
    }
  };
}

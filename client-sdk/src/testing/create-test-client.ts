import type { Channels } from '@sluice/protocol/contracts';
import type { Client, ClientOptions } from '../index.ts';
import { MemoryGateway, type MemoryGatewayOptions } from './memory-gateway.ts';

/** Options of `createTestClient`. */
export interface TestClientOptions<C extends Channels = Channels>
  extends Pick<ClientOptions, 'token' | 'timeout' | 'autoConnect'>,
    MemoryGatewayOptions<C> {
  /** The user of the client. Default: `ada`. `null`: an anonymous connection. */
  readonly user?: string | null;
}

/** A client and its in-memory gateway. */
export interface TestClient<C extends Channels = Channels> {
  readonly client: Client<C>;
  readonly gateway: MemoryGateway<C>;
}

/**
 * Creates a client that is connected to an in-memory gateway. The client is the real one; only the
 * gateway is a test double.
 *
 * @example
 * import { createTestClient } from '@sluice/client/testing';
 *
 * const { client, gateway } = createTestClient({ user: 'ada' });
 * const seen: unknown[] = [];
 * client.channel('chat:lobby').subscribe(({ data }) => seen.push(data));
 * await gateway.settled();
 * gateway.publish('chat:lobby', { text: 'Hello' }, { from: 'bob' });
 * await gateway.settled();
 * console.log(seen); // [{ text: 'Hello' }]
 * gateway.close();
 */
export function createTestClient<C extends Channels = Channels>(options: TestClientOptions<C> = {}): TestClient<C> {
  const { user = 'ada', history, channels, ...rest } = options;
  const gateway = new MemoryGateway<C>({
    ...(history === undefined ? {} : { history }),
    ...(channels === undefined ? {} : { channels }),
  });
  return { gateway, client: gateway.client(user, rest) };
}

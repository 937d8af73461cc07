import { vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import { FakeGateway, turn } from './fake-gateway.ts';

/**
 * A client that is connected to a scripted gateway. Time is frozen, and random numbers are always
 * one half.
 */
export async function connectedClient(): Promise<{ gateway: FakeGateway; client: Client }> {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const gateway = new FakeGateway();
  const client = gateway.client();
  void client.connect();
  await turn();
  await gateway.socket.accept();
  return { gateway, client };
}

/** Restores time, randomness and globals. */
export function restoreGlobals(): void {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
}

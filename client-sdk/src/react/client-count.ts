// So many different clients a provider may have been given: for people who sign out and in again, and hot reloads.
const MOST = 4;

/**
 * Warns, once for each provider, that clients are made while React renders: each of them opens a connection.
 *
 * @param seen the clients that this provider was given, of which five are remembered
 */
export function countClient(seen: Set<object>, client: object): void {
  if (seen.size <= MOST && seen.add(client).size > MOST)
    console.warn('[sluice] A SluiceProvider was given its fifth client. Make the client once, outside of components.');
}

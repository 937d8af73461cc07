// Clients that a provider may receive without a warning. Allows for users who sign out and in, and
// for hot reloads.
const MOST = 4;

/**
 * Warns once per provider that the application creates clients while React renders: each client
 * opens a connection.
 *
 * @param seen the clients that this provider has received; at most five are remembered
 */
export function countClient(seen: Set<object>, client: object): void {
  if (seen.size <= MOST && seen.add(client).size > MOST)
    console.warn('[sluice] A SluiceProvider was given its fifth client. Make the client once, outside of components.');
}

import { type Client, createClient } from '@sluice/client';

/** The message type of the fixture apps. */
export interface Line {
  readonly text: string;
}

/** The client of a fixture app. The page's address has the user and the first room. */
export function connect(): { client: Client; room: string } {
  const address = new URLSearchParams(location.search);
  const user = address.get('as') ?? 'ada';
  const client = createClient({
    url: `${location.origin.replace('http', 'ws')}/ws`,
    token: async () => (await (await fetch(`/dev/token?sub=${user}`)).json()).token,
  });
  return { client, room: address.get('room') ?? 'lobby' };
}

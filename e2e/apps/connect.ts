import { type Client, createClient } from '@sluice/client';

/** What the fixture apps write and read. */
export interface Line {
  readonly text: string;
}

/** The client of a fixture app: who it is, and in which room it begins, is in the page's address. */
export function connect(): { client: Client; room: string } {
  const address = new URLSearchParams(location.search);
  const user = address.get('as') ?? 'ada';
  const client = createClient({
    url: `${location.origin.replace('http', 'ws')}/ws`,
    token: async () => (await (await fetch(`/dev/token?sub=${user}`)).json()).token,
  });
  return { client, room: address.get('room') ?? 'lobby' };
}

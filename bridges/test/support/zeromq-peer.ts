import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Received } from '../conformance/messages.ts';
import { BrokerServer, freePort } from './broker-server.ts';

const PEER = fileURLToPath(new URL('./zeromq-peer.mjs', import.meta.url));

export interface ZeromqPeer extends BrokerServer {
  /** Where a peer that sends gets what it passes on. */
  readonly control: number;
  /** Where a peer that receives keeps it. */
  readonly folder: string;
}

/** A peer in a process of its own, which can be killed: `zeromq-peer.mjs` has the kinds. */
export async function startPeer(kind: string): Promise<ZeromqPeer> {
  const control = await freePort();
  let folder = '';
  const server = await BrokerServer.start((place) => {
    folder = place.folder;
    return { command: process.execPath, args: [PEER, kind, `${place.port}`, place.folder, `${control}`] };
  });
  return Object.assign(server, { control, folder });
}

/** What a peer has received so far. A line that is being written is not complete yet. */
export function receivedIn(folder: string): readonly Received[] {
  try {
    const lines = readFileSync(join(folder, 'received'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Received);
  } catch {
    return []; // nothing has arrived yet
  }
}

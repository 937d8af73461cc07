import { type Client, createClient } from '@sluice/client';
import type { Position } from '@sluice/protocol';
import WebSocket from 'ws';
import { mintToken } from '../../server/src/auth/mint.ts';
import { BOUND, CHANNELS, isSafe, retiredTo, ruleOf } from './channels.ts';
import { SECRET } from './cluster.ts';
import type { GatewayProcess } from './gateway-process.ts';
import type { Ledger, Payload } from './ledger.ts';

/** The heads of the logs, by channel. */
export type Heads = ReadonlyMap<string, Position>;

const PAGE = 1_000;
const NOWHERE: Position = { epoch: '', offset: 0 };

/** Queries one node with a client of its own. */
async function ask<T>({ port }: GatewayProcess, question: (client: Client) => Promise<T>): Promise<T> {
  const token = await mintToken({ secret: SECRET, algorithm: 'HS256', expiresIn: 3_600_000, sub: 'auditor' });
  const client = createClient({ url: `ws://127.0.0.1:${port}/ws`, token, WebSocket });
  try {
    return await question(client);
  } finally {
    client.close();
  }
}

async function headsOf(client: Client): Promise<Heads> {
  const heads = new Map<string, Position>();
  for (const channel of CHANNELS) {
    const { epoch, head } = await client.channel(channel).history({ limit: 1 });
    heads.set(channel, { epoch, offset: head });
  }
  return heads;
}

const text = (heads: Heads) => JSON.stringify([...heads]);

/** @throws Error if the nodes do not agree on the heads, although there are no more publishes */
export async function readHeads(nodes: readonly GatewayProcess[]): Promise<Heads> {
  const all = await Promise.all(nodes.map((node) => ask(node, headsOf)));
  const [first] = all;
  if (first === undefined) throw new Error('there is no node');
  const other = all.find((heads) => text(heads) !== text(first));
  if (other !== undefined) throw new Error(`nodes disagree on the heads of logs: ${text(first)} and ${text(other)}`);
  return first;
}

/**
 * Reads the logs of every channel that keeps all messages, and lists acknowledged messages that are
 * missing.
 */
export async function verifyLogs(nodes: readonly GatewayProcess[], ledger: Ledger, heads: Heads): Promise<string[]> {
  const [node] = nodes;
  if (node === undefined) return [];
  const safe = CHANNELS.filter((channel) => isSafe(channel) && ruleOf(channel).history !== undefined);
  const problems = await ask(node, async (client) => {
    const found: string[][] = [];
    for (const channel of safe)
      found.push(await verifyLog(client, { channel, ledger, end: heads.get(channel) ?? NOWHERE }));
    return found.flat();
  });
  return problems;
}

async function verifyLog(
  client: Client,
  { channel, ledger, end: { epoch, offset: end } }: { channel: string; ledger: Ledger; end: Position },
): Promise<string[]> {
  const start = retiredTo(channel, end);
  const numbers = new Map<number, number>();
  const problems: string[] = [];
  for await (const { offset, id, n } of messagesOf(client, channel, start)) {
    if (offset !== start + numbers.size + 1) problems.push(`the log of ${channel} has a hole before ${offset}`);
    numbers.set(offset, n);
    const problem = ledger.saw({ channel, epoch, offset, id, n });
    if (problem !== undefined) problems.push(`the log: ${problem}`);
  }
  for (const { offset, n } of ledger.of(channel, epoch)) {
    if (offset > start && numbers.get(offset) !== n)
      problems.push(`${channel}: ${n} was acknowledged at ${offset}, but the log has ${numbers.get(offset)} there`);
  }
  return problems;
}

async function* messagesOf(client: Client, channel: string, start: number) {
  for (let after = start; ; ) {
    const { messages, head } = await client.channel<Payload>(channel).history({ after, limit: PAGE });
    for (const { offset, id, data } of messages) {
      after = offset;
      yield { offset, id, n: data.n };
    }
    if (after >= head || messages.length === 0) return;
  }
}

/**
 * Lists acknowledged messages without a copy in the bound channel: a publish is acknowledged when
 * all bound channels have it. The ledger notices copies that are there twice.
 */
export async function verifyCopies(nodes: readonly GatewayProcess[], ledger: Ledger): Promise<string[]> {
  const [node] = nodes;
  if (node === undefined) return [];
  const copied = new Set<number>();
  await ask(node, async (client) => {
    for await (const { n } of messagesOf(client, BOUND.channel, 0)) copied.add(n);
  });
  return ledger
    .numbersOf(BOUND.source)
    .filter((n) => !copied.has(n))
    .map((n) => `${n} was acknowledged on ${BOUND.source}, but ${BOUND.channel} has no copy of it`);
}

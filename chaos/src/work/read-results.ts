import type { BackendApi } from './backend-api.ts';
import type { Letter } from './group-ledger.ts';
import { DEAD, type GroupPlan, LATER } from './rules.ts';

/** The numbers of a group that the checks use. */
export interface GroupNumbers {
  readonly epoch: string;
  readonly ready: number;
  readonly inFlight: number;
  readonly delayed: number;
}

interface PublishedMessage {
  readonly offset: number;
  readonly time: number;
  readonly data: { readonly n: number };
  readonly tags?: Readonly<Record<string, string>>;
}

const PAGE = 1_000;

/** @throws Error if there is no answer, although everything works again */
async function read<Body>(api: BackendApi, path: string): Promise<Body> {
  const answer = await api.call('GET', path);
  if (answer?.status !== 200) throw new Error(`GET ${path}: ${answer?.status} ${JSON.stringify(answer?.body)}`);
  return answer.body as Body;
}

export function readGroup(api: BackendApi, { channel, group }: GroupPlan): Promise<GroupNumbers> {
  return read(api, `channels/${channel}/groups/${group}`);
}

/** All messages of a channel's log. */
async function readLog(api: BackendApi, channel: string): Promise<readonly PublishedMessage[]> {
  const all: PublishedMessage[] = [];
  for (;;) {
    const path = `channels/${channel}/messages?after=${all.at(-1)?.offset ?? 0}&limit=${PAGE}`;
    const { messages } = await read<{ messages: readonly PublishedMessage[] }>(api, path);
    if (messages.length === 0) return all;
    all.push(...messages);
  }
}

/** When each scheduled message was published. */
export async function readScheduled(api: BackendApi): Promise<readonly { n: number; time: number }[]> {
  return (await readLog(api, LATER)).map(({ data, time }) => ({ n: data.n, time }));
}

/**
 * The dead letters of a group: those in its list, and those that were published. A letter is removed
 * from the list after it was published, so the list is read first.
 *
 * @param epoch of the group's channel, which the tags of a published letter do not have
 */
export async function readLetters(api: BackendApi, plan: GroupPlan, epoch: string): Promise<readonly Letter[]> {
  const listed = await readList(api, plan);
  const log = await readLog(api, DEAD);
  const published = log
    .filter(({ tags }) => tags?.['x-channel'] === plan.channel && tags['x-group'] === plan.group)
    .map(({ tags }) => ({
      epoch,
      offset: Number(tags?.['x-offset']),
      reason: tags?.['x-reason'] ?? '',
      deliveries: Number(tags?.['x-deliveries']),
    }));
  const isPublished = new Set(published.map(({ offset }) => offset));
  return [...published, ...listed.filter(({ offset }) => !isPublished.has(offset))];
}

interface ListedLetter {
  readonly ordinal: number;
  readonly reason: string;
  readonly deliveries: number;
  readonly epoch: string;
  readonly message: { readonly offset: number };
}

async function readList(api: BackendApi, { channel, group }: GroupPlan): Promise<readonly Letter[]> {
  const all: Letter[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const path = `channels/${channel}/groups/${group}/dead?after=${after}&limit=${PAGE}`;
    const page: { letters: readonly ListedLetter[]; next?: number } = await read(api, path);
    for (const { reason, deliveries, epoch, message } of page.letters)
      all.push({ reason, deliveries, epoch, offset: message.offset });
    after = page.next;
  }
  return all;
}

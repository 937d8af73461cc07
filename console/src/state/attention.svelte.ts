import { isDenied, isSlow } from '../lib/decision-words.ts';
import { hookCondition } from '../lib/hook-words.ts';
import { conditionOf } from '../lib/webhook-words.ts';
import { count, many } from '../lib/words.ts';
import type { Api } from './api.ts';
import { Poll } from './poll.svelte.ts';
import { readParts } from './read-parts.ts';
import { to } from './route.svelte.ts';
import type {
  BridgeReport,
  ConnectionList,
  DecisionList,
  GroupReport,
  HookReport,
  ReportedDecision,
  WebhookStatus,
} from './types.ts';

/** Something that an operator should look at. */
export interface Concern {
  readonly tone: 'bad' | 'warn';
  readonly text: string;
  readonly href: string;
}

/** Milliseconds for which a gap or a refusal is worth a look. */
const RECENT = 10 * 60_000;
/** Milliseconds between two looks. */
const INTERVAL = 10_000;

/** What an operator should look at, over the whole gateway. Create it while a component is initialized. */
export class Attention {
  readonly poll: Poll<readonly Concern[]>;

  constructor(api: Api) {
    this.poll = new Poll(() => readConcerns(api), INTERVAL);
  }
}

function readConcerns(api: Api): Promise<readonly Concern[]> {
  const after = Date.now() - RECENT;
  const decided = async (kind: string) =>
    (await api.get<DecisionList>('decisions', { kind, after, limit: 1_000 })).decisions;
  const slow = async () => {
    const [now, replaying] = await Promise.all([
      api.get<ConnectionList>('connections', { slow: true, limit: 100 }),
      decided('replaying'),
    ]);
    return [...ofSlow(now), ...ofSlowBefore(replaying.filter(isSlow), now)];
  };
  const refused = async () => {
    const [operations, closed] = await Promise.all([decided('refused'), decided('closed')]);
    return ofRefused([...operations, ...closed.filter(isDenied)]);
  };
  return readParts(
    [
      ['Slow readers', slow],
      ['Refusals', refused],
      ['Gaps', async () => ofGaps(await decided('gap'))],
      ['Groups', async () => ofGroups(await api.get<GroupReport>('groups'))],
      [
        'Webhooks',
        async () => ofWebhooks((await api.get<{ webhooks: readonly WebhookStatus[] }>('webhooks')).webhooks),
      ],
      ['Hooks', async () => ofHooks(await api.get<HookReport>('hooks'))],
      ['Bridges', async () => ofBridges(await api.get<BridgeReport>('bridges'))],
    ],
    (name, error) => ({ tone: 'warn', text: `${name}: unknown, ${wordsOf(error)}`, href: to(pageOf(name)) }),
  );
}

/** Slow readers, refusals and gaps are on one page. */
const pageOf = (name: string): string =>
  ['Groups', 'Webhooks', 'Hooks', 'Bridges'].includes(name) ? name.toLowerCase() : 'problems';

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `ada`, or `3 users`. */
function whose(users: readonly (string | null)[]): string {
  const names = [...new Set(users)];
  return names.length === 1 ? (names[0] ?? 'An anonymous client') : many(names.length, 'user');
}

function ofSlow({ connections, next }: ConnectionList): readonly Concern[] {
  if (connections.length === 0) return [];
  const number = `${count(connections.length)}${next === undefined ? '' : ' or more'}`;
  const text =
    connections.length === 1
      ? `${whose(connections.map(({ user }) => user))} reads too slowly`
      : `${number} connections read too slowly`;
  return [{ tone: 'warn', text, href: to('problems') }];
}

/** A slow reader that has caught up, or was closed because it no longer answered. */
function ofSlowBefore(decisions: readonly ReportedDecision[], { connections }: ConnectionList): readonly Concern[] {
  const still = new Set(connections.map(({ id }) => id));
  const before = decisions.filter(({ connection }) => !still.has(connection));
  if (before.length === 0) return [];
  const text = `${whose(before.map(({ user }) => user))} read too slowly in the last 10 minutes`;
  return [{ tone: 'warn', text, href: to('problems') }];
}

function ofRefused(refused: readonly ReportedDecision[]): readonly Concern[] {
  if (refused.length === 0) return [];
  const users = refused.map(({ user }) => user);
  const was = new Set(users).size === 1 ? 'was' : 'were';
  const times = refused.length === 1 ? '' : ` ${count(refused.length)} times`;
  const text = `${whose(users)} ${was} refused${times} in the last 10 minutes`;
  return [{ tone: 'bad', text, href: to('problems', ['refused']) }];
}

function ofGaps(gaps: readonly ReportedDecision[]): readonly Concern[] {
  if (gaps.length === 0) return [];
  const text = `${whose(gaps.map(({ user }) => user))} missed messages: ${many(gaps.length, 'gap')} in the last 10 minutes`;
  return [{ tone: 'bad', text, href: to('problems', ['gaps']) }];
}

function ofGroups({ groups }: GroupReport): readonly Concern[] {
  const dead = groups.filter((group) => group.dead > 0);
  return dead.map((group) => ({
    tone: 'bad',
    text: `${many(group.dead, 'dead letter')} in ${group.channel}, group ${group.group}`,
    href: to('groups', [group.channel, group.group]),
  }));
}

function ofWebhooks(webhooks: readonly WebhookStatus[]): readonly Concern[] {
  return webhooks.flatMap((webhook) => {
    const { tone, word } = conditionOf(webhook);
    if (tone !== 'bad' && tone !== 'warn') return [];
    return [
      {
        tone,
        text: `Webhook ${webhook.name}: ${word}, ${many(webhook.lag, 'event')} not received`,
        href: to('webhooks'),
      },
    ];
  });
}

function ofHooks({ hooks }: HookReport): readonly Concern[] {
  return hooks.flatMap((hook) => {
    if (hook.state === 'ok') return [];
    const { word } = hookCondition(hook);
    const cause = hook.lastError === undefined ? '' : `, ${hook.lastError.message}`;
    return [{ tone: 'bad', text: `Hook ${hook.name}: ${word}${cause}`, href: to('hooks') }];
  });
}

function ofBridges({ bridges }: BridgeReport): readonly Concern[] {
  return bridges.flatMap(({ name, state, error }) => {
    if (state !== 'failed' && state !== 'waiting') return [];
    return [
      { tone: 'bad', text: `Bridge ${name}: ${state}${error === null ? '' : `, ${error}`}`, href: to('bridges') },
    ];
  });
}

import { FAILURE_POLICIES, HOOK_KINDS } from '../../hook.ts';
import { MISSING } from './components.ts';
import type { Operations } from './operation.ts';
import { list, mapOf, oneOf, reply, type Schema, text, whole } from './schema.ts';

const COUNTS = { calls: whole(), failed: whole(), timedOut: whole(), notSent: whole() };
const STATE = oneOf('ok', 'failing', 'paused');

const hook = (more: Readonly<Record<string, Schema>> = {}): Schema =>
  reply(
    {
      name: text(),
      on: list(oneOf(...HOOK_KINDS)),
      channels: list(text()),
      onFailure: oneOf(...FAILURE_POLICIES),
      state: STATE,
      nodes: list(reply({ node: text(), state: STATE, failures: whole() })),
      ...COUNTS,
      operations: mapOf(reply(COUNTS)),
      cache: reply({ hits: whole(), fallbacks: whole() }),
      duration: reply({ calls: whole(), mean: whole(), longest: whole() }),
    },
    {
      lastAnswered: whole(),
      lastError: reply(
        { operation: text(), failure: text(), message: text(), time: whole(), node: text() },
        { status: whole() },
      ),
      ...more,
    },
  );

/** Hooks: how they do, over all nodes. */
export const HOOK_OPERATIONS: Operations = {
  'GET /api/v1/hooks': {
    ...{ id: 'listHooks', tag: 'hooks', needs: 'manage on **' },
    reply: reply({ hooks: list(hook()) }, MISSING),
  },
  'GET /api/v1/hooks/{hook}': {
    ...{ id: 'getHook', tag: 'hooks', needs: 'manage on **' },
    reply: hook(MISSING),
  },
};

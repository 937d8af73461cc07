import type { PublishStep } from '../channels/door.ts';
import { Refusal } from '../refusal.ts';
import { chain } from '../util/now-or-later.ts';
import type { HookAnswer } from './hook-answer.ts';
import type { Hooks } from './hooks.ts';

/** The step of the publish door that asks the hook "publish". */
export function askPublishHook(hooks: Hooks): PublishStep {
  return (publication) => {
    const { request, channel, draft } = publication;
    const { by, connection, asker = request } = request;
    if (!hooks.applies('publish', by, channel)) return null;
    const { data, event, tags, trace: traceparent } = draft;
    const about = { connection, channel, data, event, tags, traceparent };
    const question = { kind: 'publish', verb: 'publish', by, asker, ...about } as const;
    return chain(hooks.ask(question), (verdict) => {
      if (verdict instanceof Refusal || verdict === null) return verdict;
      rewrite(publication, verdict);
      return null;
    });
  };
}

function rewrite(publication: Parameters<PublishStep>[0], { data, tags }: HookAnswer): void {
  if (data === undefined && tags === undefined) return;
  publication.draft = {
    ...publication.draft,
    ...(data !== undefined && { data }),
    ...(tags !== undefined && { tags }),
  };
  publication.rewritten = publication.draft;
  publication.asArrived = false;
}

import type { OverAllNodes } from '../../manage/types.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { errorField, errorReply } from '../errors.ts';
import { readFields } from '../fields.ts';
import { asTrusted, type RevocationServices } from './revocations.ts';

/** What one node answers. */
export type NodeReload =
  | { readonly ok: true; readonly changes: readonly string[]; readonly restart: readonly string[] }
  /** Nothing has changed on the node; the problem says what to correct. */
  | { readonly ok: false; readonly problem: string };

/** What all nodes answered. */
export interface ClusterReload extends OverAllNodes {
  readonly nodes: readonly (NodeReload & { readonly node: string })[];
}

export interface ReloadAnswers {
  readonly answers: readonly { readonly node: string; readonly answer: NodeReload }[];
  readonly missing: readonly string[];
}

export interface ReloadServices extends Pick<RevocationServices, 'apiKeys' | 'verifier'> {
  /** Lets every node reload its configuration; `missing`: nodes that did not answer in time. */
  readonly reload: () => Promise<ReloadAnswers>;
}

/**
 * `POST /api/v1/reload`: every node reads its configuration again and applies it, or changes nothing.
 * 422 if a node could not.
 */
export function reloadRoute(services: ReloadServices): (request: Request) => Promise<HttpReply> {
  return (request) =>
    asTrusted(request, services, async () => {
      const fields = await readFields(request, []);
      if (fields instanceof Refusal) return errorReply(fields);
      const report = reportReload(await services.reload());
      const refusal = refusalOf(report);
      return refusal === null ? jsonReply(200, report) : jsonReply(422, { ...errorField(refusal), ...report });
    });
}

/** Why not all nodes have reloaded; `null`: they have. */
function refusalOf({ nodes, missing = [] }: ClusterReload): Refusal | null {
  const failed = nodes.flatMap((one) => (one.ok ? [] : [`${one.node}: ${one.problem}`]));
  if (failed.length > 0) {
    const done = `${nodes.length - failed.length} of ${nodes.length + missing.length} nodes have reloaded`;
    const refusal = new Refusal('command_invalid', `${done}. Nothing has changed on ${failed.join('; ')}`);
    return refusal.advise('Correct the configuration of these nodes, and reload again.');
  }
  if (missing.length === 0) return null;
  return new Refusal('unavailable', `${missing.join(', ')} did not answer, and may not have reloaded`).advise(
    'Look at the log of these nodes, and reload again.',
  );
}

/** The answers of all nodes, as they are shown. */
export function reportReload({ answers, missing }: ReloadAnswers): ClusterReload {
  const nodes = answers.map(({ node, answer }) => ({ node, ...answer }));
  return missing.length === 0 ? { nodes } : { nodes, missing };
}

/** `only` of a channel rule: the filter that the rule enforces. */

import { canonical, checkFilter, type Filter } from '@sluice/protocol';
import { TOKEN_CLAIMS } from '../auth/identity.ts';
import type { ClaimCondition, Only } from '../rule.ts';
import type { Path, Problems } from './problems.ts';

const CLAIM = 'claim:';
const isClaim = (value: string): boolean => value.startsWith(CLAIM);

/** @returns `null` if the rule enforces nothing, or the filter is not valid */
export function readOnly(value: unknown, path: Path, problems: Problems): Only | null {
  if (value === undefined) return null;
  const fault = checkFilter(value, 'only');
  if (fault !== null) {
    problems.add(path, `${fault.detail}. Example: { tags: { team: "claim:teams" } }`);
    return null;
  }
  return splitClaims(value as Filter, path, problems);
}

type Values = string | readonly string[];
const isList = (test: unknown): test is Values => typeof test === 'string' || Array.isArray(test);

/** Separates the conditions that are the same for everybody from those whose values come from the token. */
function splitClaims({ event, from, channel, tags = {} }: Filter, path: Path, problems: Problems): Only {
  const claimed: ClaimCondition[] = [];
  const take = (condition: Pick<ClaimCondition, 'field' | 'tag' | 'name'>, test: Values): boolean => {
    const list = [test].flat();
    const claims = list.filter(isClaim).map((value) => value.slice(CLAIM.length));
    for (const claim of claims) checkClaim(claim, path, problems);
    if (claims.length > 0) claimed.push({ ...condition, claims, values: list.filter((value) => !isClaim(value)) });
    return claims.length > 0;
  };
  const fixed: Filter = {
    ...(event === undefined || take({ field: 'event', name: 'event' }, event) ? {} : { event }),
    ...(from === undefined || take({ field: 'from', name: 'publisher' }, from) ? {} : { from }),
    ...(channel === undefined ? {} : { channel }),
    tags: Object.fromEntries(
      Object.entries(tags).filter(
        ([tag, test]) => !isList(test) || !take({ field: 'tags', tag, name: `tag "${tag}"` }, test),
      ),
    ),
  };
  return { fixed: canonical(fixed), claimed };
}

function checkClaim(claim: string, path: Path, problems: Problems): void {
  if (claim === '') problems.add(path, '"claim:" names no claim. Example: { tags: { team: "claim:teams" } }');
  if (TOKEN_CLAIMS.has(claim)) {
    problems.add(path, `"claim:${claim}" changes with every token. Use a claim about the user, such as sub`);
  }
}

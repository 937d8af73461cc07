import type { Rule } from '../rule.ts';

/** Why an engine without consumer groups cannot serve these rules; `null`: it can. */
export function groupProblem(rules: readonly Rule[], engine: string): string | null {
  const rule = rules.find(({ groups }) => groups.length > 0);
  if (rule === undefined) return null;
  const path = `channels[${JSON.stringify(rule.pattern.source)}].${rule.queue === null ? 'groups' : 'queue'}`;
  return `${path}: the engine "${engine}" has no consumer groups. Choose another engine, or remove this`;
}

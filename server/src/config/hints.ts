import type { Rule } from '../rule.ts';
import type { Config } from './config.ts';
import { formatPath } from './problems.ts';

/** What is allowed in a configuration, and is probably not what was meant: each as `option.path: what it means. What to do`. */
export function hintsFor({ channels }: Config): string[] {
  return channels.filter(allowsNothing).map(({ pattern }) => {
    const path = formatPath(['channels', pattern.source]);
    return `${path}: allows nothing except what the capabilities of tokens and API keys allow. Add allow, like { subscribe: users }`;
  });
}

const allowsNothing = ({ allow }: Rule): boolean => Object.values(allow).every((grants) => grants.length === 0);

import type { Rule } from '../rule.ts';
import type { Config } from './config.ts';
import { formatPath } from './problems.ts';

/** Valid settings that are probably not intended: each as `option.path: what it means. What to do`. */
export function hintsFor({ channels }: Config): string[] {
  return channels.filter(allowsNothing).map(({ pattern }) => {
    const path = formatPath(['channels', pattern.source]);
    return `${path}: permits nothing except by capabilities of tokens and API keys. Add allow, for example { subscribe: users }`;
  });
}

const allowsNothing = ({ allow }: Rule): boolean => Object.values(allow).every((grants) => grants.length === 0);

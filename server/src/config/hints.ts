import type { Rule } from '../rule.ts';
import type { Config } from './config.ts';
import { formatPath, type Path } from './problems.ts';

/** Valid settings that are probably not intended: each as `option.path: what it means. What to do`. */
export function hintsFor({ apps, ...main }: Config): string[] {
  return [
    ...hintsForRules(main.channels),
    ...apps.flatMap(({ name, config }) => hintsForRules(config.channels, ['apps', name])),
  ];
}

function hintsForRules(rules: readonly Rule[], base: Path = []): string[] {
  return rules.filter(allowsNothing).map(({ pattern }) => {
    const path = formatPath([...base, 'channels', pattern.source]);
    return `${path}: permits nothing except by capabilities of tokens and API keys. Add allow, for example { subscribe: users }`;
  });
}

const allowsNothing = ({ allow }: Rule): boolean => Object.values(allow).every((grants) => grants.length === 0);

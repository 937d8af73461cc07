import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

type Bridge = Readonly<Record<string, unknown>>;

/** The text of a guide in docs/bridges; `../bridges` is the one about all systems. */
export const guideText = (name: string): string =>
  readFileSync(new URL(`../../../docs/bridges/${name}.md`, import.meta.url), 'utf8');

/** The bridges of a guide in docs/bridges, in its order. */
export function guideBridges(name: string): readonly Bridge[] {
  return [...guideText(name).matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, yaml = '']) => {
    const { bridges } = parse(yaml) as { readonly bridges: Readonly<Record<string, Bridge>> };
    return Object.values(bridges);
  });
}

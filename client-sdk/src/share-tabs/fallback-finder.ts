import type { Finder, GatewayLink } from './tab.ts';

/** Tries several finders in order and does not retry one that has failed. */
export class FallbackFinder implements Finder {
  onMove: () => void = () => {};
  readonly #ways: Finder[];

  constructor(ways: readonly Finder[]) {
    this.#ways = [...ways];
    for (const way of ways) way.onMove = () => this.onMove();
  }

  async find(hello: Parameters<Finder['find']>[0]): Promise<GatewayLink> {
    for (;;) {
      const [way] = this.#ways;
      if (!way) throw new Error('No tab gateway is available.');
      try {
        return await way.find(hello);
      } catch {
        this.#ways.shift();
      }
    }
  }

  distrust(): void {
    this.#ways[0]?.distrust();
  }
}

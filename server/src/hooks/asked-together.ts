import type { Turn } from '../util/turn.ts';

/**
 * Who asks: questions of one asker and one turn are asked together. If it has a field `hasMore`
 * that is true, it may ask more in the turns that follow.
 */
export type Asker = object;

const hasMore = (asker: Asker): boolean => 'hasMore' in asker && asker.hasMore === true;

interface Group<Item> {
  readonly asker: Asker;
  readonly lane: string;
  readonly items: Item[];
}

/** Questions of one call. */
const MOST = 1_000;

/**
 * Collects questions, so that all questions of one frame are one call: they are asked when the turn
 * ends, unless the frame takes more turns.
 */
export class AskedTogether<Item> {
  readonly #turn: Turn;
  readonly #send: (items: readonly Item[]) => void;
  readonly #groups = new Map<Asker, Map<string, Group<Item>>>();

  /** @param send asks the questions of one asker and one lane */
  constructor(turn: Turn, send: (items: readonly Item[]) => void) {
    this.#turn = turn;
    this.#send = send;
  }

  /** @param lane questions are asked together if they have the same */
  add(asker: Asker, lane: string, item: Item): void {
    let lanes = this.#groups.get(asker);
    if (lanes === undefined) {
      lanes = new Map();
      this.#groups.set(asker, lanes);
    }
    let group = lanes.get(lane);
    if (group === undefined) {
      group = { asker, lane, items: [] };
      lanes.set(lane, group);
    }
    group.items.push(item);
    this.#turn.schedule();
    if (group.items.length < MOST) return;
    lanes.delete(lane);
    this.#send(group.items);
  }

  /** Asks what was collected. Call it at the end of a turn. */
  flush(): void {
    for (const [asker, lanes] of this.#groups) {
      if (hasMore(asker)) {
        this.#turn.schedule();
        continue;
      }
      this.#groups.delete(asker);
      for (const { items } of lanes.values()) this.#send(items);
    }
  }
}

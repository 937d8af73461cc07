import type { Revocation, RevocationStore } from '../engine/revocations.ts';
import type { Refusal } from '../refusal.ts';
import { PAGE, type PageQuery } from './manage.ts';
import { readCursor, toCursor } from './pages.ts';

/** A page of the revocations in force: those that end first come first. */
export interface RevocationPage {
  readonly revocations: readonly Revocation[];
  /** The `cursor` of the next page; absent on the last one. */
  readonly next?: string;
}

/** Lists revocations. It does not check permissions. */
export class RevocationList {
  readonly #store: RevocationStore;

  constructor(store: RevocationStore) {
    this.#store = store;
  }

  /** @throws EngineUnavailable */
  async page({ cursor, limit = PAGE }: PageQuery): Promise<RevocationPage | Refusal> {
    const after = readCursor(cursor);
    if (typeof after !== 'string') return after;
    const { revocations, next } = await this.#store.page(after, limit);
    return next === undefined ? { revocations } : { revocations, next: toCursor(next) };
  }
}

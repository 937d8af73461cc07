import type { Page } from '@playwright/test';
import type { TestGateway } from '@sluice/server/testing';

/** Who looks at a page, and through which gateway. */
export interface Person {
  readonly user: string;
  readonly gateway: TestGateway;
}

const people = new WeakMap<object, Person>();

/** Remembers whose a page is. */
export function introduce(page: Page, person: Person): void {
  people.set(page.context(), person);
}

/**
 * Whose page this is.
 *
 * @throws Error when it was not opened by the fixture `as`
 */
export function personOf(page: Page): Person {
  const person = people.get(page.context());
  if (person === undefined)
    throw new Error("this page is nobody's: open it with the fixture `as`, e.g. `await as('ada')`");
  return person;
}

import type { Page } from '@playwright/test';
import type { TestGateway } from '@sluice/server/testing';

/** The user of a page, and the gateway that the page uses. */
export interface Person {
  readonly user: string;
  readonly gateway: TestGateway;
}

const people = new WeakMap<object, Person>();

/** Stores the user of a page's context. */
export function introduce(page: Page, person: Person): void {
  people.set(page.context(), person);
}

/**
 * Returns the user of a page.
 *
 * @throws Error if the page was not opened by the fixture `as`
 */
export function personOf(page: Page): Person {
  const person = people.get(page.context());
  if (person === undefined)
    throw new Error("this page has no user. Open it with the fixture `as`, e.g. `await as('ada')`");
  return person;
}

import type { Page } from '@playwright/test';
import type { TestGateway } from '@sluice/server/testing';

/** The user of a page, and the gateway that the page uses. */
export interface PageUser {
  readonly user: string;
  readonly gateway: TestGateway;
}

const users = new WeakMap<object, PageUser>();

/** Stores the user of a page's context. */
export function setUser(page: Page, pageUser: PageUser): void {
  users.set(page.context(), pageUser);
}

/**
 * Returns the user of a page.
 *
 * @throws Error if the page was not opened by the fixture `as`
 */
export function userOf(page: Page): PageUser {
  const pageUser = users.get(page.context());
  if (pageUser === undefined)
    throw new Error("this page has no user. Open it with the fixture `as`, e.g. `await as('ada')`");
  return pageUser;
}

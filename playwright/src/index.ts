/**
 * Playwright fixtures for applications on Sluice: a real gateway for every test, users in separate
 * browser contexts, faults, and matchers.
 *
 * @packageDocumentation
 */
export type { Faults, TestGateway, TokenOptions } from '@sluice/server/testing';
export { expect } from './expect.ts';
export { type As, type AsOptions, type SluiceFixtures, type SluiceTestOptions, test } from './fixtures.ts';
export type { InjectedSluice } from './login.ts';
export type { SluiceOptions } from './options.ts';

import type { ConfigInput } from '../../src/config/config.ts';
import { SECRET } from './tokens.ts';

export const SHOP_SECRET = 'the secret of the shop, which is not that of the default app or the blog';
export const SHOP_KEY = 'the-API-key-of-the-shop';
export const BLOG_KEY = 'the-API-key-of-the-blog';
export const MAIN_KEY = 'the-API-key-of-the-default-app';

const OPEN = {
  'chat:{room}': { allow: { '*': 'users' }, history: true, presence: { grace: 0 }, groups: { mail: {} } },
} as const;

/**
 * The default app; the app "shop" by path, with a secret of its own; and the app "blog" by host name,
 * with the secret of the default app. All have the same channels.
 */
export const APPS: ConfigInput = {
  keys: [{ secret: SECRET }],
  apiKeys: [{ name: 'main', secret: MAIN_KEY }],
  channels: OPEN,
  drain: 0,
  apps: {
    shop: {
      at: { path: '/apps/shop' },
      keys: [{ secret: SHOP_SECRET }],
      apiKeys: [{ name: 'shop', secret: SHOP_KEY }],
      channels: OPEN,
    },
    blog: {
      at: { host: 'blog.example' },
      keys: [{ secret: SECRET }],
      apiKeys: [{ name: 'blog', secret: BLOG_KEY }],
      channels: OPEN,
    },
  },
};

export type AppName = 'main' | 'shop' | 'blog';

export interface Access {
  readonly base: string;
  readonly host?: string;
  readonly secret: string;
  readonly key: string;
}

/** How to reach each app. */
export const ACCESS: Readonly<Record<AppName, Access>> = {
  main: { base: '', secret: SECRET, key: MAIN_KEY },
  shop: { base: '/apps/shop', secret: SHOP_SECRET, key: SHOP_KEY },
  blog: { base: '', host: 'blog.example', secret: SECRET, key: BLOG_KEY },
};

import { expect, it } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

it('hides what is named like a secret, at any depth', () => {
  const config = {
    webhooks: [{ url: 'https://a.example', secret: 's', secrets: ['t'], signing: { privateKey: 'p', keyId: 'k' } }],
    redis: { password: 'x', sentinelPassword: 'y' },
    maxTokenLife: '10d',
    count: 3,
    none: null,
  };
  expect(withoutSecrets(config)).toEqual({
    webhooks: [
      {
        url: 'https://a.example',
        secret: '(hidden)',
        secrets: ['(hidden)'],
        signing: { privateKey: '(hidden)', keyId: 'k' },
      },
    ],
    redis: { password: '(hidden)', sentinelPassword: '(hidden)' },
    maxTokenLife: '10d',
    count: 3,
    none: null,
  });
});

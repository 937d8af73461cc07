import { expect, it } from 'vitest';
import { notificationCurl } from './curl.ts';

const origin = 'http://localhost:8080';

it('is one line that publishes to the inbox of the user', () => {
  expect(notificationCurl({ origin, user: 'ada', apiKey: 'k1' })).toBe(
    "curl -X POST http://localhost:8080/api/v1/publish -H 'Authorization: Bearer k1' -H 'Content-Type: application/json' " +
      `-d '{"channel":"user:ada","event":"notification","data":{"title":"Build finished","body":"main is green again."}}'`,
  );
});

it('reads the key from the environment when it is not known', () => {
  expect(notificationCurl({ origin, user: 'ada' })).toContain('-H "Authorization: Bearer $SLUICE_API_KEY"');
});

it('escapes quotes', () => {
  expect(notificationCurl({ origin, user: "a'b", apiKey: "k'" })).toContain(String.raw`'Authorization: Bearer k'\'''`);
});

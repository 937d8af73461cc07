/** Tokens for the measured gateway, signed here: requesting thousands from it would distort the measurement. */
import { createHmac } from 'node:crypto';

export const SECRET = 'a secret for benchmarks on this machine only';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT for this user, good for an hour. */
export function tokenFor(user, claims = {}) {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: user, exp, ...claims })}`;
  return `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`;
}

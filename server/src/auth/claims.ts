/** Checks the claims of a token whose signature is valid. */

import { userNameFault } from '@sluice/protocol';
import type { JWTPayload } from 'jose';
import { type Identity, parseCapabilities } from './identity.ts';

/** A refusal. The message names the claim, and never contains the token. */
export interface ClaimProblem {
  readonly error: 'token_expired' | 'token_not_active' | 'token_claims';
  readonly message: string;
}

export interface ClaimRules {
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  /** Milliseconds. */
  readonly clockTolerance: number;
  /** Longest time until a token expires, in milliseconds. Default: unlimited. */
  readonly maxTokenLife?: number;
}

const wrong = (message: string): ClaimProblem => ({ error: 'token_claims', message });

const list = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * In milliseconds, this range is the years 1973 to 5138. In seconds, it is entirely in the far
 * future.
 */
const LEAST_MILLISECONDS = 1e11;
const MOST_MILLISECONDS = 1e14;

/** Each of them may be absent. */
function checkTime(name: string, value: unknown): ClaimProblem | null {
  if (value === undefined) return null;
  if (typeof value !== 'number' || !(value >= 0 && value < MOST_MILLISECONDS)) {
    return wrong(`The claim "${name}" must be seconds since the Unix epoch.`);
  }
  if (value < LEAST_MILLISECONDS) return null;
  return wrong(`The claim "${name}" looks like milliseconds: write seconds since the Unix epoch (divide by 1000).`);
}

function checkLife(expiresAt: number, now: number, { clockTolerance, maxTokenLife }: ClaimRules): ClaimProblem | null {
  if (maxTokenLife === undefined || expiresAt <= now + maxTokenLife + clockTolerance) return null;
  const most = `${Math.floor(maxTokenLife / 1000)} seconds`;
  return wrong(`The token expires at ${iso(expiresAt)}; it may be valid for at most ${most} ("maxTokenLife").`);
}

function checkTimes({ exp, nbf, iat }: JWTPayload, now: number, rules: ClaimRules): ClaimProblem | null {
  const { clockTolerance: tolerance } = rules;
  if (exp === undefined) return wrong('The claim "exp" is missing: a token must expire.');
  const problem = checkTime('exp', exp) ?? checkTime('nbf', nbf) ?? checkTime('iat', iat);
  if (problem !== null) return problem;
  if (exp * 1000 <= now - tolerance) {
    return { error: 'token_expired', message: `The token expired at ${iso(exp * 1000)}.` };
  }
  const latest = now + tolerance;
  return checkActive('nbf', nbf, latest) ?? checkActive('iat', iat, latest) ?? checkLife(exp * 1000, now, rules);
}

function checkActive(name: string, value: number | undefined, latest: number): ClaimProblem | null {
  if (value === undefined || value * 1000 <= latest) return null;
  const message = `The token is not valid before ${iso(value * 1000)} ("${name}"); compare the clocks.`;
  return { error: 'token_not_active', message };
}

function checkSubject(sub: unknown): ClaimProblem | null {
  if (sub === undefined) return wrong('The claim "sub" is missing: it names the user.');
  const fault = userNameFault(sub);
  return fault === null ? null : wrong(`The claim "sub" ${fault}.`);
}

function checkParties({ iss, aud }: JWTPayload, { issuer, audience }: ClaimRules): ClaimProblem | null {
  if (issuer !== undefined && (typeof iss !== 'string' || !list(issuer).includes(iss))) {
    return wrong(`The claim "iss" ${iss === undefined ? 'is missing' : 'is not an issuer that the gateway accepts'}.`);
  }
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audience !== undefined && !list(audience).some((accepted) => audiences.includes(accepted))) {
    return wrong(`The claim "aud" ${aud === undefined ? 'is missing' : 'does not name this gateway'}.`);
  }
  return null;
}

/** Makes an identity from claims, or returns why it is refused. `now` in ms since the Unix epoch. */
export function readClaims(claims: JWTPayload, rules: ClaimRules, now: number): Identity | ClaimProblem {
  const problem = checkTimes(claims, now, rules) ?? checkSubject(claims.sub) ?? checkParties(claims, rules);
  if (problem !== null) return problem;
  const { sub = null, exp = 0, iat, jti } = claims;
  if (jti !== undefined && typeof jti !== 'string') return wrong('The claim "jti" must be a string.');
  const capabilities = parseCapabilities(claims.caps);
  if (typeof capabilities === 'string') return wrong(`The claim "caps" is malformed: ${capabilities}.`);
  return {
    user: sub,
    claims,
    capabilities,
    expiresAt: Math.floor(exp * 1000),
    ...(jti === undefined ? {} : { tokenId: jti }),
    ...(iat === undefined ? {} : { issuedAt: Math.floor(iat * 1000) }),
  };
}

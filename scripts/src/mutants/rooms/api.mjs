const FOLDER = 'server/src/api';
const ROUTER = [`${FOLDER}/router.test.ts`];
const FILES = [`${FOLDER}/static-files.test.ts`];
const HTTP = ['server/test/http-api.test.ts'];
const BOUNDS = ['server/test/http-bounds.test.ts'];
const ROUTE_OF_REVOCATIONS = [`${FOLDER}/routes/revocations.test.ts`];
const REVOCATIONS = ['server/test/revocation.test.ts'];
const DEVELOPMENT = ['server/test/dev-mode.test.ts'];

/** @type {readonly import('../rooms.mjs').Mutant[]} */
export const api = [
  {
    file: `${FOLDER}/body.ts`,
    from: 'if (Number.isFinite(bodyLength) && bodyLength > MAX_BODY) return TOO_LARGE;',
    to: '',
    fault: 'a body that is announced as too large is read',
    tests: ROUTER,
  },
  {
    file: `${FOLDER}/body.ts`,
    from: "if (coding !== 'identity' && coding !== '') {",
    to: "if (coding === 'never') {",
    fault: 'a compressed body is read as JSON',
    tests: ROUTER,
  },
  {
    file: `${FOLDER}/body.ts`,
    from: '{ fatal: true }',
    to: '{ fatal: false }',
    fault: 'bytes that are not UTF-8 are replaced silently',
    tests: HTTP,
  },
  {
    file: `${FOLDER}/body.ts`,
    from: 'markLongNumbers(utf8.decode(body))',
    to: 'utf8.decode(body)',
    fault: 'long numbers in a body are rounded silently',
    tests: ['server/test/numbers.test.ts'],
  },
  {
    file: `${FOLDER}/credentials.ts`,
    from: "return isToken(presented) ? 'claimed' : null;",
    to: "return 'claimed';",
    fault: 'bodies of senders with an unknown key are stored',
    tests: [`${FOLDER}/credentials.test.ts`],
  },
  {
    file: 'server/src/hooks/user-admission.ts',
    from: 'new Refusal(verification.error, verification.message)',
    to: "new Refusal('unauthorized')",
    fault: 'the response has no reason for a refused token',
    tests: HTTP,
  },
  {
    file: `${FOLDER}/router.ts`,
    from: 'head.fault !== undefined || isHostRefused(head) || refuseBody(head) !== null',
    to: 'refuseBody(head) !== null',
    fault: 'bodies are read although the host is refused',
    tests: ROUTER,
  },
  {
    file: `${FOLDER}/router.ts`,
    from: "if (request.fault !== undefined) return errorReply(new Refusal('frame_malformed', request.fault));",
    to: '',
    fault: 'an ambiguous request is executed',
    tests: BOUNDS,
  },
  {
    file: `${FOLDER}/router.ts`,
    from: "events.emit('fault', {",
    to: 'void ({',
    fault: 'bugs in the gateway are not reported',
    tests: ROUTER,
  },
  {
    file: `${FOLDER}/router.ts`,
    from: '(isRead ? files?.(request) : null)',
    to: 'files?.(request)',
    fault: 'a POST gets a file',
    tests: ROUTER,
  },
  {
    file: `${FOLDER}/directions.ts`,
    from: 'path.slice(0, LONGEST)',
    to: 'path',
    fault: 'a response repeats the whole path',
    tests: ROUTER,
  },
  {
    file: 'server/src/transport/http.ts',
    from: 'Math.ceil(retryAfter / 1000)',
    to: 'Math.floor(retryAfter / 1000)',
    fault: 'Retry-After is too short',
    tests: [`${FOLDER}/errors.test.ts`],
  },
  {
    file: `${FOLDER}/static-files.ts`,
    from: "name.startsWith('/assets/') && HASHED.test(name)",
    to: "name.startsWith('/assets/')",
    fault: 'browsers cache a file forever although its content changes',
    tests: FILES,
  },
  {
    file: `${FOLDER}/static-files.ts`,
    from: ".replace(/^W\\//, '')",
    to: '',
    fault: 'a file that a proxy compressed is sent again at each request',
    tests: FILES,
  },
  {
    file: `${FOLDER}/routes/publish.ts`,
    from: 'messages.length === 0 || messages.length > MOST_MESSAGES',
    to: 'messages.length === 0',
    fault: 'a batch may have any number of messages',
    tests: HTTP,
  },
  {
    file: `${FOLDER}/routes/publish.ts`,
    from: 'return refuseStrangeField(message, FIELDS) ?? { channel, draft: raw };',
    to: 'return { channel, draft: raw };',
    fault: 'unknown fields are ignored silently',
    tests: HTTP,
  },
  {
    file: `${FOLDER}/routes/publish.ts`,
    from: 'by.user === null ? null : allowances.of(by.user)',
    to: 'null',
    fault: 'the rate of a rule does not apply to HTTP',
    tests: HTTP,
  },
  {
    file: `${FOLDER}/routes/revocations.ts`,
    from: 'if (by.trusted !== true) {',
    to: 'if (by.name === undefined) {',
    fault: 'a key with "caps" may revoke',
    tests: REVOCATIONS,
  },
  {
    file: `${FOLDER}/routes/revocations.ts`,
    from: ' || until > now + LONGEST',
    to: '',
    fault: 'a revocation may be stored forever',
    tests: REVOCATIONS,
  },
  {
    file: `${FOLDER}/routes/revocations.ts`,
    from: '.catch((error: unknown) => errorReply(refuseUnavailable(error)))',
    to: '',
    fault: 'an unavailable engine counts as a bug in the gateway',
    tests: ROUTE_OF_REVOCATIONS,
  },
  {
    file: `${FOLDER}/routes/dev-token.ts`,
    from: "if (origin !== '' && !access.isOriginAllowed(origin, request.headers.get('host') ?? '')) {",
    to: "if (origin === 'never') {",
    fault: 'any page on the internet gets a development token',
    tests: DEVELOPMENT,
  },
  {
    file: `${FOLDER}/routes/dev-token.ts`,
    from: '!(lifetime > 0 && lifetime <= 86_400)',
    to: '!(lifetime > 0)',
    fault: 'a development token may be valid forever',
    tests: HTTP,
  },
];

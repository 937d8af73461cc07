// What the parts of the core call among themselves: these names are written out in every page, and mean nothing outside.
// A name that an application, the protocol, another entry or the language has must not be here: bundle.test.ts looks for it.
// The first 54 get one letter. Their order was searched for: with it the core is smallest when it is compressed.
const INNER_NAMES = `
  start renewable peer answer weight forget closing skew handle refusal stale heard refuse users use ended rejoin each
  remote pending calls copy report resource probe anew begin wanted current accept host heeds skipPast again
  resend instead settle hear miss silent reported commands emit run asked renew backlog precede observer
  phase command lose open halt denied receive hold reconcileSoon shown restart release sent fail
  queue pace unused follow reconcile askable distrust failure roster listed locate execute skip end variant lastId
`;

export const INNER = INNER_NAMES.trim().split(/\s+/);

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$_';

/** The same short name for each in every entry: the core and what it loads later call each other by them. */
const SHORT = Object.fromEntries(INNER.map((name, i) => [name, LETTERS[i] ?? `${LETTERS[i - LETTERS.length]}_`]));

/** The core, and the entries that call it by its inner names. */
const OF_CORE = ['index', 'on-demand', 'requests', 'queues'];

/**
 * How an entry is minified, with those names at one or two letters: those of the core alone, and once for all its modules.
 *
 * @param {string} entry
 * @param {import('rolldown').MinifyOptions} how
 */
export const shorten = (entry, how) =>
  OF_CORE.includes(entry)
    ? { ...how, mangleProps: { include: new RegExp(`^(?:${INNER.join('|')})$`), cache: SHORT } }
    : how;

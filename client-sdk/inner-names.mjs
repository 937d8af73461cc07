// What the parts of the core call among themselves: these names are written out in every page, and mean nothing outside.
// A name that an application, the protocol, another entry or the language has must not be here: bundle.test.ts looks for it.
// Those used most come first: they get one letter.
const INNER_NAMES = `
  host resource calls ended handle start command report commands copy fail roster stop wanted run denied heard queue
  refusal listed lose open weight peer each phase reconcile settle remote forget answer users instead anew observer use
  refuse follow reported accept accepted backlog emit sent closing refused shown failed failure greet pace remove skew
  stale unused receive again asked distrust renewable resend askable broken heeds reconcileSoon rejoin restart silent
  hear miss begin current hold probe release renew skipPast
`;

export const INNER = INNER_NAMES.trim().split(/\s+/);

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$_';

/** The same short name for each in every entry: the core and what it loads later call each other by them. */
const SHORT = Object.fromEntries(INNER.map((name, i) => [name, LETTERS[i] ?? `${LETTERS[i - LETTERS.length]}_`]));

/** The core, and what it loads later and calls by its inner names. */
const OF_CORE = ['index', 'on-demand'];

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

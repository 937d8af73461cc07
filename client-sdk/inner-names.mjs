// What the parts of the core call among themselves: these names are written out in every page, and mean nothing outside.
// A name that an application, the protocol, another entry or the language has must not be here: bundle.test.ts looks for it.
// The first 54 get one letter. Their order was searched for: with it the core is smallest when it is compressed.
const INNER_NAMES = `
  start skew settle copy handle failure peer run phase accept renewable lose weight users host ended heeds refuse
  remote pending calls observer forget silent end emit instead locate resource current reported wanted probe asked
  closing resend each again skip answer report begin execute refusal hear sent fail miss backlog stale lastId
  commands command open hold distrust roster listed follow release anew renew variant restart halt skipPast queue
  receive askable pace denied heard reconcile rejoin unused precede reconcileSoon use shown
`;

export const INNER = INNER_NAMES.trim().split(/\s+/);

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$_';

/** The same short name for each in every entry: the core and what it loads later call each other by them. */
const SHORT = Object.fromEntries(INNER.map((name, i) => [name, LETTERS[i] ?? `${LETTERS[i - LETTERS.length]}_`]));

/** The core, and the entries that call it by its inner names. */
const OF_CORE = ['index', 'on-demand', 'requests', 'queues', 'schedules', 'server-subscriptions'];

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

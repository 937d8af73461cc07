// What the parts of the core call among themselves: these names are written out in every page, and mean nothing outside.
// A name that an application, the protocol, another entry or the language has must not be here: bundle.test.ts looks for it.
const INNER_NAMES = `
  accepted again anew answer askable asked backlog begin broken calls closing command commands copy current denied
  distrust each ended emit fail failed failure follow greet handle heard heeds hold host queue lose open pace phase
  probe reconcile reconcileSoon refused rejoin release remove renew renewable restart roster listed sent settle
  shown silent skew skipPast stale start stop report reported unused use users wanted weight resource
`;

export const INNER = INNER_NAMES.trim().split(/\s+/);

/**
 * How an entry is minified, with those names at one or two letters: those of the core alone, and once for all its modules.
 *
 * @param {string} entry
 * @param {import('rolldown').MinifyOptions} how
 */
export const shorten = (entry, how) =>
  entry === 'index' ? { ...how, mangleProps: { include: new RegExp(`^(?:${INNER.join('|')})$`) } } : how;

export { type AfterClose, afterClose } from './after-close.ts';
export { type Binding, type BindingRule, type BoundChannel, boundChannelsOf, boundTo } from './bindings.ts';
export { channelNameFault, isChannelName } from './channel-name.ts';
export {
  CLIENT_ERROR_NAMES,
  CLIENT_ERRORS,
  CLIENT_REMEDIES,
  CLIENT_RETRYABLE,
  CLIENT_SENTENCES,
  type ClientErrorName,
  FIRST_CLIENT_CODE,
  OUTBOX_ERRORS,
} from './client-errors.ts';
export { closeReason } from './close-reason.ts';
export type { Codec } from './codec.ts';
export { ERROR_DOCS, ERRORS, type ErrorName, errorBody } from './codes.ts';
export type * from './commands.ts';
export { checkData } from './data.ts';
export { checkDraft, type DraftFault, isTrace, type RawDraft, toDraft } from './draft.ts';
export type { ErrorKind } from './error-kind.ts';
export type { Conditions, Filter, TagConditions, TagTest } from './filter.ts';
export { both, canonical, EVERY, filterKey } from './filter-canonical.ts';
export { checkFilter } from './filter-check.ts';
export { matches, tagOf } from './filter-match.ts';
export { writeFilter } from './filter-write.ts';
export { deliveryIdsFault, groupNameFault, nackFault, prefetchFault } from './group-commands.ts';
export { json } from './json.ts';
export { LIMITS } from './limits.ts';
export { markLongNumbers } from './long-numbers.ts';
export type * from './messages.ts';
export { type CommandFault, type ParsedCommand, parseCommand } from './parse-command.ts';
export { coversPattern, intersectPatterns } from './pattern-sets.ts';
export {
  comparePatterns,
  isWildcard,
  matchPattern,
  type Params,
  type Pattern,
  PatternError,
  parsePattern,
  patternsCollide,
} from './patterns.ts';
export type * from './pushes.ts';
export * from './refusals.ts';
export type * from './replies.ts';
export { isSegmentOf, readSegment, segment } from './segment.ts';
export { userNameFault } from './user-name.ts';

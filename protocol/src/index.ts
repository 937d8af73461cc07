export { channelNameFault, isChannelName } from './channel-name.ts';
export { closeReason } from './close-reason.ts';
export type { Codec } from './codec.ts';
export {
  type AfterClose,
  afterClose,
  CLIENT_ERRORS,
  CLIENT_REMEDIES,
  type ClientErrorName,
  ERROR_DOCS,
  ERRORS,
  type ErrorKind,
  type ErrorName,
  errorBody,
  OUTBOX_ERRORS,
} from './codes.ts';
export type * from './commands.ts';
export { checkData } from './data.ts';
export { checkDraft, type DraftFault, type RawDraft, toDraft } from './draft.ts';
export { json } from './json.ts';
export { LIMITS } from './limits.ts';
export type * from './messages.ts';
export {
  comparePatterns,
  matchPattern,
  type Params,
  type Pattern,
  PatternError,
  parsePattern,
  patternsCollide,
} from './patterns.ts';
export type * from './pushes.ts';
export type * from './replies.ts';
export { isSegmentOf, readSegment, segment } from './segment.ts';

import type { CommandType } from './commands.ts';
import { checkData } from './data.ts';
import { channelProblem, type Fields, invalid, isCount, type Problem } from './field-checks.ts';
import { LIMITS } from './limits.ts';

function dataProblem({ data }: Fields): Problem {
  if (data === undefined) return invalid('"data" is required; use null for nothing');
  const fault = checkData(data);
  return fault === null ? null : { error: 'payload_invalid', detail: fault };
}

function timeoutProblem({ timeout }: Fields): Problem {
  if (timeout === undefined || (isCount(timeout) && timeout > 0)) return null;
  return invalid('"timeout" must be milliseconds: an integer of at least 1');
}

function concurrencyProblem({ concurrency }: Fields): Problem {
  if (concurrency === undefined) return null;
  if (isCount(concurrency) && concurrency >= 1 && concurrency <= LIMITS.concurrency) return null;
  return invalid(`"concurrency" must be an integer from 1 to ${LIMITS.concurrency}`);
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ERROR_CODE = new RegExp(`^[A-Za-z0-9_.-]{1,${LIMITS.errorCodeLength}}$`);

function responderErrorProblem({ error }: Fields): Problem {
  if (error === undefined) return null;
  if (!isObject(error)) return invalid('"error" must be { "code": string, "message"?: string, "data"?: any }');
  const { code, message, data } = error;
  if (typeof code !== 'string' || !ERROR_CODE.test(code)) {
    return invalid(`"error.code" must be 1 to ${LIMITS.errorCodeLength} characters of A-Z a-z 0-9 _ - .`);
  }
  const isText = typeof message === 'string' && message.length <= LIMITS.errorMessageLength && message.isWellFormed();
  if (message !== undefined && !isText) {
    return invalid(`"error.message" must be a string of at most ${LIMITS.errorMessageLength} characters`);
  }
  const fault = data === undefined ? null : checkData(data);
  return fault === null ? null : { error: 'payload_invalid', detail: `error.${fault}` };
}

function replyProblem(fields: Fields): Problem {
  const { request, data, error, more } = fields;
  if (typeof request !== 'string' || request.length > LIMITS.keyLength) {
    return invalid(`"request" must be a string of at most ${LIMITS.keyLength} characters, from the push "requests"`);
  }
  if (more !== undefined && typeof more !== 'boolean') return invalid('"more" must be true or false');
  if (error !== undefined && (data !== undefined || more === true)) {
    return invalid('"error" goes neither with "data" nor with "more"');
  }
  if (more === true && data === undefined) return invalid('"data" is required: a reply with "more" has some');
  return responderErrorProblem(fields) ?? (data === undefined ? null : dataProblem(fields));
}

/** The checks of the commands of SPEC.md section 11. */
export const REQUEST_CHECKS = {
  respond: (fields: Fields) => channelProblem(fields) ?? concurrencyProblem(fields),
  unrespond: channelProblem,
  request: (fields: Fields) => channelProblem(fields) ?? timeoutProblem(fields) ?? dataProblem(fields),
  cancel: ({ request }: Fields) =>
    isCount(request) && request > 0 ? null : invalid('"request" must be the "id" of a command "request"'),
  reply: replyProblem,
} satisfies { readonly [Type in CommandType]?: (fields: Fields) => Problem };

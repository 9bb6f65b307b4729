/** From what a registry answers, or fails to, to coded errors. */
import { type ErrorCode, PluvioError } from '../../errors/index.ts';
import { fieldOf, itemsOf } from './json-fields.ts';

/** Answers that the same request may be spared a moment later. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const MAX_REASON_LENGTH = 200;

export const isPassing = (status: number): boolean => PASSING.has(status);

function codeOf(status: number): ErrorCode {
  if (isPassing(status)) return 'REGISTRY_UNREACHABLE';
  if (status === 401 || status === 403) return 'REGISTRY_DENIED';
  return status === 404 ? 'REGISTRY_NOT_FOUND' : 'REGISTRY_FAILED';
}

/** The error of an answer that is not the one that was hoped for. `body`: what came with it. */
export function answerError(what: string, registry: string, status: number, body: string): PluvioError {
  const reason = reasonOf(body);
  const told = reason === undefined ? '' : ` (${reason})`;
  return new PluvioError(codeOf(status), `cannot ${what}: ${registry} answered ${status}${told}`, {
    registry,
    httpStatus: status,
  });
}

/** The first error that the body names, as the distribution specification has it; on one line. */
function reasonOf(body: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const [first] = itemsOf(json, 'errors') ?? [];
  const told = [fieldOf(first, 'code'), fieldOf(first, 'message')].filter((text) => typeof text === 'string');
  return told.length === 0 ? undefined : plainText(told.join(': '));
}

/** Words of a registry as they may be shown: no control characters, not long. */
const plainText = (text: string): string => text.replace(/[^\P{C} ]+/gu, ' ').slice(0, MAX_REASON_LENGTH);

export const unreachable = (what: string, registry: string, reason: string, cause?: unknown): PluvioError =>
  new PluvioError('REGISTRY_UNREACHABLE', `cannot ${what}: ${registry} ${reason}`, { registry }, { cause });

export const failed = (what: string, registry: string, reason: string): PluvioError =>
  new PluvioError('REGISTRY_FAILED', `cannot ${what}: ${registry} ${reason}`, { registry });

/** Why a connection failed, in a few words. */
export function connectionReason(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  if (!(last instanceof Error)) return 'broke off';
  const code = 'code' in last && typeof last.code === 'string' ? last.code : last.name;
  return `could not be reached or broke off (${plainText(code)})`;
}

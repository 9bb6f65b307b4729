/** The trace that something belongs to, as W3C Trace Context (level 1) writes it in the header `traceparent`. */

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Longer ones are of later versions, whose beginning is read as this one. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_LENGTH = 512;

/** Undefined: it is none, and a new trace begins. */
export function parseTraceparent(text: string | null | undefined): TraceContext | undefined {
  if (!text || text.length > MAX_LENGTH) return undefined;
  const match = TRACEPARENT.exec(text);
  const [, traceId, spanId, flags = '', more] = match ?? [];
  if (traceId === undefined || spanId === undefined || (more !== undefined && text.startsWith('00-'))) return undefined;
  return { traceId, spanId, isSampled: (parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/** Fields of log lines that belong to a trace. */
export function traceFields(traceparent: string | null | undefined): {
  readonly traceId?: string;
  readonly spanId?: string;
} {
  const context = parseTraceparent(traceparent);
  return context ? { traceId: context.traceId, spanId: context.spanId } : {};
}

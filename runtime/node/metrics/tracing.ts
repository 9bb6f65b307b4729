/**
 * Traces of a node, through OpenTelemetry.
 *
 * Boundary: callers see `Tracing` and the text `traceparent`, which travels with calls, messages and moves; what records and sends
 * spans is loaded only where a receiver is named.
 *
 * Invariants:
 * 1. Without a receiver a span costs nothing, and `traceparent` passes through as it came.
 * 2. The queue of spans is bounded; a receiver that is away or slow holds nothing up, and what does not fit is dropped.
 */
import type * as OtelApi from '@opentelemetry/api';
import type { Attributes, Context, Span as OtelSpan, Tracer } from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface SpanOptions {
  /** The `traceparent` that came with it. */
  readonly parent?: string | null | undefined;
  readonly kind?: SpanKind;
  /** Facts; names as OpenTelemetry's conventions have them, ours begin with `pluvio.`. */
  readonly attributes?: Attributes;
}

export interface Span {
  /** What goes on with whatever this causes; undefined: there is no trace. */
  readonly traceparent: string | undefined;
  set(name: string, value: string | number | boolean): void;
  /** It failed; `code` is that of the error. */
  fail(code: string): void;
  end(): void;
}

export interface Tracing {
  readonly isOn: boolean;
  start(name: string, options?: SpanOptions): Span;
  /** Sends what is left; gives up after some seconds. */
  close(): Promise<void>;
}

const nothing = (): void => undefined;
const NO_SPAN: Span = { traceparent: undefined, set: nothing, fail: nothing, end: nothing };

/** Where nothing is recorded. */
export const noTracing: Tracing = {
  isOn: false,
  start: (_, { parent } = {}) => (parent ? { ...NO_SPAN, traceparent: parent } : NO_SPAN),
  close: () => Promise.resolve(),
};

/** Runs `work` in a span, which ends with it. */
export async function inSpan<T>(
  tracing: Tracing,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracing.start(name, options);
  try {
    return await work(span);
  } catch (error) {
    span.fail(error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL');
    throw error;
  } finally {
    span.end();
  }
}

export interface TracingOptions {
  /** Where OTLP over HTTP is received (JSON), for example `http://127.0.0.1:4318/v1/traces`. */
  readonly endpoint: string;
  /** Share of the traces begun here that are kept; those begun elsewhere are kept as their header says. */
  readonly sampleRatio?: number;
  readonly nodeName: string;
  readonly version: string;
}

const QUEUE_SPANS = 4096;
const BATCH_SPANS = 512;
const SEND_EVERY_MS = 2000;
const SEND_TIMEOUT_MS = 5000;

type Api = typeof OtelApi;

/** Loads what records and sends spans. */
export async function openTracing({ endpoint, sampleRatio = 1, nodeName, version }: TracingOptions): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: SEND_TIMEOUT_MS });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'pluvio',
      'service.version': version,
      'service.instance.id': nodeName,
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeCountLimit: 64, attributeValueLengthLimit: 1024 },
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUE_SPANS,
        maxExportBatchSize: BATCH_SPANS,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_TIMEOUT_MS,
      }),
    ],
  });
  return new OtelTracing(api, provider, provider.getTracer('pluvio', version));
}

class OtelTracing implements Tracing {
  readonly isOn = true;
  readonly #api: Api;
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  #closed: Promise<void> | undefined;

  constructor(api: Api, provider: TracerProvider, tracer: Tracer) {
    this.#api = api;
    this.#provider = provider;
    this.#tracer = tracer;
  }

  start(name: string, { parent, kind = 'internal', attributes = {} }: SpanOptions = {}): Span {
    const otelKind = this.#api.SpanKind[kind.toUpperCase() as Uppercase<SpanKind>]; // the same words
    return spanOf(this.#api, this.#tracer.startSpan(name, { kind: otelKind, attributes }, this.#contextOf(parent)));
  }

  /** The parent as a span that was begun elsewhere. */
  #contextOf(parent: string | null | undefined): Context {
    const { ROOT_CONTEXT, trace, TraceFlags } = this.#api;
    const context = parseTraceparent(parent);
    if (!context) return ROOT_CONTEXT;
    const { traceId, spanId, isSampled } = context;
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#provider.shutdown().catch(nothing)); // a receiver that is away is told by the exporter
  }
}

function spanOf({ SpanStatusCode, TraceFlags }: Api, span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: formatTraceparent({ traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
    set: (name, value) => void span.setAttribute(name, value),
    fail: (code) => void span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR }),
    end: () => span.end(),
  };
}

export { metricsDocument } from './metric-doc.ts';
export { METRICS, type MetricName } from './metric-table.ts';
export {
  type CallOutcome,
  type MetricSources,
  NodeMetrics,
  type NodeMetricsOptions,
  type ThreadSample,
  type WorkerSample,
} from './node-metrics.ts';
export { OTHER, type WorkerLabels } from './worker-series.ts';
export { formatTraceparent, parseTraceparent, type TraceContext, traceFields } from './trace-context.ts';
export {
  inSpan,
  noTracing,
  openTracing,
  type Span,
  type SpanKind,
  type SpanOptions,
  type Tracing,
  type TracingOptions,
} from './tracing.ts';

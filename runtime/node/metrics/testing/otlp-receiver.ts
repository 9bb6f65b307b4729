/** A receiver of OTLP traces over HTTP (JSON), for tests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: number;
  /** 2: it failed. */
  readonly status: number | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `service.instance.id` of whoever sent it. */
  readonly node: unknown;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

const valuesOf = (pairs: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));

function spansOf({ resourceSpans }: ExportRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, traceId, spanId, parentSpanId, kind, status, attributes, ...times }) => {
        if (BigInt(times.endTimeUnixNano) < BigInt(times.startTimeUnixNano))
          throw new Error(`${name} ends before it begins`);
        const node = valuesOf(resource.attributes)['service.instance.id'];
        const parent = parentSpanId === '' ? undefined : parentSpanId;
        return {
          name,
          traceId,
          spanId,
          parentSpanId: parent,
          kind,
          status: status?.code,
          attributes: valuesOf(attributes),
          node,
        };
      }),
    ),
  );
}

export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** Requests that were no traces in JSON. */
  readonly strange: readonly string[];
  close(): Promise<void>;
}

export async function openOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const strange: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const what = `${request.method} ${request.url} ${request.headers['content-type']}`;
      if (what !== 'POST /v1/traces application/json') strange.push(what);
      spans.push(...spansOf((await json(request)) as ExportRequest)); // a test's own peer
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    strange,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

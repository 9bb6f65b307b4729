import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { PluvioError } from '../../errors/index.ts';
import { openOtlpReceiver, type OtlpReceiver } from './testing/otlp-receiver.ts';
import { formatTraceparent, parseTraceparent, traceFields } from './trace-context.ts';
import { inSpan, noTracing, openTracing, type Tracing } from './tracing.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const receivers: OtlpReceiver[] = [];
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close();
});
async function receiverOf(): Promise<OtlpReceiver> {
  const receiver = await openOtlpReceiver();
  receivers.push(receiver);
  return receiver;
}
const tracingOf = (endpoint: string, nodeName: string, sampleRatio = 1): Promise<Tracing> =>
  openTracing({ endpoint, nodeName, sampleRatio, version: '1.2.3' });

describe('traces', () => {
  it('of a call, a message that it sends and a move after it reach the receiver as one tree', async () => {
    const receiver = await receiverOf();
    const [first, second] = [
      await tracingOf(receiver.endpoint, 'node-1'),
      await tracingOf(receiver.endpoint, 'node-2'),
    ];

    const call = first.start('call', {
      parent: PARENT,
      kind: 'server',
      attributes: { 'pluvio.worker': 'a', 'pluvio.fuel': 5 },
    });
    const send = first.start('send', { parent: call.traceparent, kind: 'producer' });
    send.end();
    const handle = first.start('message', { parent: send.traceparent, kind: 'consumer' });
    handle.end();
    const move = first.start('move', { parent: call.traceparent, kind: 'client' });
    const arrive = second.start('arrive', { parent: move.traceparent, kind: 'server' });
    arrive.fail('MOVE_EXPIRED');
    for (const span of [arrive, move, call]) span.end();
    await Promise.all([first.close(), second.close()]);

    const { spans, strange } = receiver;
    const tree = Object.fromEntries(
      spans.map(({ name, parentSpanId }) => [
        name,
        spans.find(({ spanId }) => spanId === parentSpanId)?.name ?? parentSpanId,
      ]),
    );
    expect(tree).toEqual({ call: 'b7ad6b7169203331', send: 'call', message: 'send', move: 'call', arrive: 'move' });
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['0af7651916cd43dd8448eb211c80319c']));
    const byName = Object.fromEntries(spans.map((span) => [span.name, span]));
    expect(byName['call']).toMatchObject({
      node: 'node-1',
      kind: 2,
      attributes: { 'pluvio.worker': 'a', 'pluvio.fuel': 5 },
    });
    expect(byName['arrive']).toMatchObject({ node: 'node-2', status: 2, attributes: { 'error.type': 'MOVE_EXPIRED' } });
    expect(strange).toEqual([]);
  });

  it('are kept as the header says, and else as the ratio says', async () => {
    const receiver = await receiverOf();
    const none = await tracingOf(receiver.endpoint, 'node', 0);
    const unsampled = none.start('own');
    expect(parseTraceparent(unsampled.traceparent)).toMatchObject({ isSampled: false });
    const told = none.start('told', { parent: PARENT });
    const refused = none.start('refused', { parent: PARENT.replace(/01$/, '00') });
    expect(parseTraceparent(refused.traceparent)?.isSampled).toBe(false);
    for (const span of [unsampled, told, refused]) span.end();
    await none.close();
    expect(receiver.spans.map(({ name }) => name)).toEqual(['told']);
  });

  it('end with the work, and tell the code of what failed', async () => {
    const receiver = await receiverOf();
    const tracing = await tracingOf(receiver.endpoint, 'node');
    expect(
      await inSpan(tracing, 'good', {}, (span) => Promise.resolve(parseTraceparent(span.traceparent)?.isSampled)),
    ).toBe(true);
    const failing = inSpan(tracing, 'bad', {}, () => Promise.reject(new PluvioError('WORKER_BUSY', 'busy')));
    await expect(failing).rejects.toMatchObject({ code: 'WORKER_BUSY' });
    await tracing.close();
    expect(receiver.spans).toMatchObject([
      { name: 'good' },
      { name: 'bad', status: 2, attributes: { 'error.type': 'WORKER_BUSY' } },
    ]);
  });

  it('hold nothing up when the receiver is away', async () => {
    const receiver = await receiverOf();
    const tracing = await tracingOf(receiver.endpoint, 'node');
    await receiver.close();
    for (let count = 0; count < 10_000; count++) tracing.start('span').end();
    await tracing.close();
  });
});

describe('without a receiver', () => {
  it('nothing is made, and what came passes through', async () => {
    expect(noTracing.start('a')).toBe(noTracing.start('b'));
    expect(noTracing.start('a', { parent: PARENT }).traceparent).toBe(PARENT);
    expect(await inSpan(noTracing, 'a', {}, (span) => Promise.resolve(span.traceparent))).toBeUndefined();
  });
});

describe('traceparent', () => {
  it('is read and written', () => {
    const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', isSampled: true };
    expect(parseTraceparent(PARENT)).toEqual(context);
    expect(formatTraceparent(context)).toBe(PARENT);
    expect(parseTraceparent(`cc${PARENT.slice(2)}-later`)).toEqual(context);
    expect(traceFields(PARENT)).toEqual({ traceId: context.traceId, spanId: context.spanId });
    expect(traceFields(null)).toEqual({});
  });

  it.each([
    '',
    'x',
    PARENT.toUpperCase(),
    `ff${PARENT.slice(2)}`,
    `${PARENT}-more`,
    `${PARENT} `,
    PARENT.replace(/b7ad6b7169203331/, '0'.repeat(16)),
    PARENT.replace(/0af7651916cd43dd8448eb211c80319c/, '0'.repeat(32)),
    `cc${PARENT.slice(2)}-${'x'.repeat(500)}`,
  ])('%j is none', (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it('any text is one or none (property)', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const context = parseTraceparent(text);
        if (context) expect(text).toContain(context.traceId);
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { type Answer, AnswerReader, faultOf } from './answers.ts';
import { ATTACKS } from './attacks.ts';
import { runAbuse } from './campaign.ts';
import { ABUSE_MAX, abuseSummary, quantile, violationsOf } from './summary.ts';

it('every way to misbehave gets a coded answer or none, and leaves nothing behind', async () => {
  const totals = await runAbuse({
    seconds: 4,
    clients: Object.keys(ATTACKS).length,
    seed: 1,
    restMs: 100,
    only: [],
    onProgress: () => undefined,
  });
  const summary = abuseSummary(totals, 1);
  expect(Object.keys(totals.attacks).sort()).toEqual(Object.keys(ATTACKS).sort());
  expect(summary.findings).toEqual([]);
  expect(summary).toMatchObject({ crashes: 0 });
  expect(summary.fds_growth).toBeLessThanOrEqual(ABUSE_MAX.descriptors);
}, 120_000);

const answerOf = (status: number, type: string, body: string): Answer => ({
  status,
  headers: new Map([['content-type', type]]),
  body: Buffer.from(body),
});

describe('an answer', () => {
  it.each([
    ['a good one', 200, 'text/plain', 'x', undefined],
    ['a coded refusal', 404, 'application/problem+json', '{"code":"WORKER_NOT_FOUND"}', undefined],
    ['a node that is full', 503, 'application/problem+json', '{"code":"STREAMS_TOO_MANY"}', undefined],
    ['a refusal in plain words', 404, 'text/plain', 'no', '404 as text/plain'],
    ['a code that is none', 404, 'application/problem+json', '{"code":"NO"}', '404 with code "NO"'],
    [
      'a status that is not the code’s',
      400,
      'application/problem+json',
      '{"code":"WORKER_NOT_FOUND"}',
      'WORKER_NOT_FOUND with status 400 in place of 404',
    ],
    ['a fault of the node', 500, 'application/problem+json', '{"code":"INTERNAL"}', '500 INTERNAL'],
  ])('%s', (_, status, type, body, fault) => {
    expect(faultOf(answerOf(status, type, body))).toBe(fault);
  });

  it('is read in whatever pieces it comes', () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
    for (let size = 1; size <= text.length; size++) {
      const reader = new AnswerReader();
      const seen: (readonly [number, string])[] = [];
      for (let at = 0; at < text.length; at += size) {
        reader.push(Buffer.from(text.slice(at, at + size)));
        for (let answer = reader.next(); answer; answer = reader.next())
          seen.push([answer.status, answer.body.toString()]);
      }
      expect(seen).toEqual([
        [200, 'abcde'],
        [204, ''],
      ]);
    }
  });

  it.each([
    'HTTP/2 200\r\n\r\n',
    'SSH-2.0-x\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
  ])('that is none is told: %j', (text) => {
    const reader = new AnswerReader();
    reader.push(Buffer.from(text));
    expect(() => reader.next()).toThrow();
  });
});

it('a summary tells what must not be', () => {
  const usage = {
    residentBytes: 0,
    descriptors: 10,
    threads: 1,
    heapBytes: 0,
    externalBytes: 0,
    handles: { Timeout: 1 },
  };
  const summary = abuseSummary(
    {
      requests: 2,
      attacks: {},
      findings: new Map([['a', { attack: 'a', fault: 'b', count: 3 }]]),
      before: usage,
      after: { ...usage, descriptors: 20, handles: { Timeout: 3 } },
      stored: { before: 0, after: 0 },
      bundles: { before: 1, after: 2 },
      quietMs: [1, 1],
      abusedMs: [3],
      elsewhereMs: [2],
      crash: 'x',
    },
    7,
  );
  expect(summary).toMatchObject({
    uncoded: 3,
    crashes: 1,
    p99_ratio: 3,
    p99_elsewhere_ms: 2,
    fds_growth: 10,
    handles: { Timeout: 2 },
    findings: ['a: b (3)'],
  });
  expect(violationsOf(summary, false)).toHaveLength(4);
  expect(violationsOf(summary, true)).toHaveLength(5);
});

it('a quantile is a value of the sample', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.99)).toBe(4);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

import { describe, expect, it, vi } from 'vitest';
import { deployLedger, LEDGER_GRANTS, textOf } from '../../test/node/deploy.ts';
import { answerModule, openNode, outputUntil } from '../../test/node/open-nodes.ts';
import { type FetchFunction, PluvioClient } from './index.ts';
import { readServerEvents } from './server-events.ts';

/** The real fetch, which breaks off so many times first; counts what is asked. */
function brokenFetch(failures: number): { fetch: FetchFunction; asked: string[] } {
  const asked: string[] = [];
  let left = failures;
  return {
    asked,
    fetch: (url, init) => {
      asked.push(`${init.method ?? 'GET'} ${new URL(url).pathname}`);
      return left-- > 0 ? Promise.reject(new TypeError('connection reset')) : globalThis.fetch(url, init);
    },
  };
}

describe('PluvioClient', () => {
  it('repeats what may be repeated, and nothing else', async () => {
    const { url } = await openNode();
    const reading = brokenFetch(2);
    expect(await new PluvioClient({ baseUrl: url, fetch: reading.fetch }).workers.list()).toEqual([]);
    expect(reading.asked).toEqual(Array(3).fill('GET /v1/workers'));

    const tired = brokenFetch(9);
    await expect(new PluvioClient({ baseUrl: url, fetch: tired.fetch, retries: 1 }).node()).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
      retryable: true,
    });
    expect(tired.asked).toHaveLength(2);

    const writing = brokenFetch(1);
    const client = new PluvioClient({ baseUrl: url, fetch: writing.fetch });
    await expect(client.workers.create({ name: 'a', module: await answerModule() })).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
    });
    expect(writing.asked).toEqual(['POST /v1/workers']);
  });

  it('a message whose answer is lost is sent again, and taken once', async () => {
    const { url, client } = await openNode({ grants: LEDGER_GRANTS });
    await deployLedger(client, 'ledger');
    let lost = 2;
    const losing: FetchFunction = async (to, init) => {
      const answer = await globalThis.fetch(to, init);
      if (lost-- <= 0) return answer;
      await answer.arrayBuffer();
      throw new TypeError('connection reset');
    };
    const { workers } = new PluvioClient({ baseUrl: url, fetch: losing });
    expect(textOf(await workers.ask('ledger', '5'))).toBe('5');
    lost = 1;
    await workers.send('ledger', '10');
    expect(textOf(await workers.ask('ledger', '100'))).toBe('115');
    expect(textOf(await workers.ask('ledger', '100'))).toBe('215');
  });

  it.each<[what: string, body: () => BodyInit, told: RegExp]>([
    [
      'another program',
      () => '{"workers": []}',
      /^GET \/v1\/node: the answer has no field "api"; what answers there is no Pluvio node$/,
    ],
    ['a list', () => '[]', /no field "api"/],
    ['null', () => 'null', /no field "api"/],
    ['a page', () => '<html>', /the answer is not JSON/],
    [
      'one that does not end',
      () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 ** 24).fill(32)) }),
      /the answer has more than 268435456 bytes/,
    ],
    [
      'one that breaks off',
      () => new ReadableStream({ pull: (controller) => controller.error(new Error('cut')) }),
      /^GET \/v1\/node: cut$/,
    ],
  ])('tells what is wrong where the answer is of %s', async (_, body, told) => {
    const client = new PluvioClient({
      baseUrl: 'http://node.test',
      fetch: () => Promise.resolve(new Response(body())),
    });
    await expect(client.node()).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
      message: expect.stringMatching(told) as string,
    });
  });

  it('gives up an answer of which nothing comes for a minute', async () => {
    vi.useFakeTimers();
    try {
      const silent = () => Promise.resolve(new Response(new ReadableStream()));
      const client = new PluvioClient({ baseUrl: 'http://node.test', fetch: silent });
      const failed = expect(client.node()).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
      await vi.advanceTimersByTimeAsync(60_000);
      await failed;
    } finally {
      vi.useRealTimers();
    }
  });

  it('rebuilds errors with code, message, details and status', async () => {
    const { client } = await openNode({ limits: { moduleBytes: 1024 } });
    const error: unknown = await client.workers
      .create({ name: 'a', module: new Uint8Array(2000) })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'PluvioError',
      code: 'BODY_TOO_LARGE',
      status: 413,
      message: 'the request body exceeds the limit of 1024 bytes',
      details: { limitBytes: 1024 },
    });
  });

  it('gives its token to its own origin only', async () => {
    const token = 'a-token-for-both-nodes';
    const one = await openNode({ token });
    const two = await openNode({ token });
    await one.client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await outputUntil(one.client, 'talk', 'ready');
    await one.client.workers.move('talk', { target: two.url, token });
    const sent: [string, string | undefined][] = [];
    const fetch: FetchFunction = (url, init) => {
      sent.push([new URL(url).origin, (init.headers as Record<string, string>)['authorization']]);
      return globalThis.fetch(url, init);
    };
    await expect(new PluvioClient({ baseUrl: one.url, token, fetch }).workers.get('talk')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(sent).toEqual([
      [one.url, `Bearer ${token}`],
      [two.url, undefined],
    ]);
    const tokens = (): string => token;
    await expect
      .poll(async () => (await new PluvioClient({ baseUrl: one.url, token: tokens }).workers.get('talk')).status)
      .toBe('waiting');
  });

  it('is aborted by the call’s signal and by its own', async () => {
    const { url, client } = await openNode();
    await client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    const abort = new AbortController();
    const waiting = client.workers.waitOutcome('talk', { signal: abort.signal });
    const following = (async () => {
      for await (const _ of client.workers.logs('talk', { follow: true, signal: abort.signal })) abort.abort();
    })();
    await expect(following).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    const dead = new PluvioClient({ baseUrl: url, signal: AbortSignal.abort() });
    await expect(dead.node()).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('tells that a node is not there', async () => {
    const node = await openNode();
    expect(await node.client.ready()).toBe(true);
    await node.close();
    const client = new PluvioClient({ baseUrl: node.url, retries: 0 });
    expect(await client.ready()).toBe(false);
    expect(() => new PluvioClient({ baseUrl: 'ftp://host' })).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('takes a log up again where a connection broke', async () => {
    const node = await openNode();
    await node.client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await outputUntil(node.client, 'talk', 'ready');
    let breaks = 1;
    const fetch: FetchFunction = async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (!url.includes('/logs') || breaks-- <= 0) return response;
      await response.body?.cancel();
      return new Response(
        new ReadableStream({ start: (controller) => controller.error(new TypeError('connection reset')) }),
      );
    };
    const client = new PluvioClient({ baseUrl: node.url, fetch });
    expect(await outputUntil(client, 'talk', 'ready')).toBe('ready\n');
    expect(breaks).toBe(-1);
  });
});

describe('readServerEvents', () => {
  it('reads events whatever the pieces of the stream', async () => {
    const text = ': open\n\nevent: stdout\nid: 1\ndata: {"a":\ndata: "é"}\n\ndata: last\r\n\r\n';
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size <= bytes.length; size++) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.slice(i * size, (i + 1) * size),
      );
      const events: unknown[] = [];
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (const piece of pieces) controller.enqueue(piece);
          controller.close();
        },
      });
      for await (const event of readServerEvents(stream)) events.push(event);
      expect(events).toEqual([
        { event: 'stdout', data: '{"a":\n"é"}' },
        { event: 'message', data: 'last' },
      ]);
    }
  });
});

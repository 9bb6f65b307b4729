/** What no request comes of is answered with a code, too: on the API and on the ingress. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MEDIA } from '../../runtime/node/media-types.ts';
import { answerParserRefusals } from '../../runtime/node/parser-refusals.ts';
import { type Answer, faultOf } from '../abuse/answers.ts';
import { type Place, placeOf, RawConnection } from '../abuse/raw-connection.ts';
import { afterTest, openNode } from './open-nodes.ts';

const HOST = 'Host: localhost\r\n';

const REFUSED: Readonly<Record<string, readonly [bytes: string, status: number, code: string]>> = {
  'no HTTP': ['hello\r\n\r\n', 400, 'REQUEST_INVALID'],
  'another protocol': ['\x16\x03\x01\x02\0\x01\0\x01', 400, 'REQUEST_INVALID'],
  'a version that there is not': [`GET / HTTP/9.9\r\n${HOST}\r\n`, 400, 'REQUEST_INVALID'],
  'a method that there is not': [`BREW / HTTP/1.1\r\n${HOST}\r\n`, 400, 'REQUEST_INVALID'],
  'a header field without a name': [`GET / HTTP/1.1\r\n${HOST}: x\r\n\r\n`, 400, 'REQUEST_INVALID'],
  'two lengths': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400, 'REQUEST_INVALID'],
  'a length and chunks': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
    'REQUEST_INVALID',
  ],
  'no Host': ['GET /healthz HTTP/1.1\r\n\r\n', 400, 'REQUEST_INVALID'],
  'a Host that makes no URL': ['GET /healthz HTTP/1.1\r\nHost: [::1]:x\r\n\r\n', 400, 'REQUEST_INVALID'],
  'a long line': [`GET /${'p'.repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, 'HEAD_TOO_LARGE'],
  'a long head': [`GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(100_000)}\r\n\r\n`, 431, 'HEAD_TOO_LARGE'],
  'an expectation': [`GET /healthz HTTP/1.1\r\n${HOST}Expect: tea\r\n\r\n`, 417, 'EXPECTATION_FAILED'],
};

async function answerAt(place: Place, bytes: string): Promise<Answer | undefined> {
  const connection = await RawConnection.open(place);
  try {
    await connection.send(bytes);
    const answer = await connection.answer({});
    expect(await connection.answer({}), 'the connection ends').toBeUndefined();
    return answer;
  } finally {
    connection.close();
  }
}

function checkRefusal(answer: Answer | undefined, status: number, code: string, what = code): void {
  expect(answer?.status, what).toBe(status);
  if (answer === undefined) return;
  expect(faultOf(answer)).toBeUndefined();
  expect(JSON.parse(answer.body.toString())).toMatchObject({ code, status, type: `urn:pluvio:error:${code}` });
  expect(answer.headers.get('connection')).toBe('close');
  expect(answer.headers.get('content-type')).toBe(MEDIA.problem);
}

describe.each(['api', 'ingress'] as const)('the %s', (which) => {
  it('answers what its parser refuses with a code, and ends the connection', async () => {
    const node = await openNode({ ingress: '127.0.0.1:0' });
    const place = placeOf(which === 'api' ? node.url : (node.ingress ?? ''));
    for (const [what, [bytes, status, code]] of Object.entries(REFUSED)) {
      checkRefusal(await answerAt(place, bytes), status, code, what);
    }
    expect(await node.client.ready()).toBe(true);
  });

  it('refuses what breaks off in the middle of a body, or ends the connection where it has answered', async () => {
    const node = await openNode({ ingress: '127.0.0.1:0' });
    const place = placeOf(which === 'api' ? node.url : (node.ingress ?? ''));
    const head = `POST /v1/bundles HTTP/1.1\r\n${HOST}Content-Type: ${MEDIA.drop}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const [rest, status, code] of [
      ['zz\r\n', 400, 'REQUEST_INVALID'],
      [`1;${'e'.repeat(100_000)}\r\nx\r\n`, 413, 'BODY_TOO_LARGE'],
    ] as const) {
      const answer = await answerAt(place, `${head}${rest}`);
      // No worker has such a route: the ingress need not see the body.
      if (which === 'ingress' && answer?.status === 404) expect(faultOf(answer)).toBeUndefined();
      else checkRefusal(answer, status, code);
    }
  });
});

/** A server whose clock is quick where it matters. */
const QUICK = { headersTimeout: 20, requestTimeout: 40, connectionsCheckingInterval: 10 };

async function openServer(
  listener: NonNullable<Parameters<typeof createServer>[1]>,
  times: typeof QUICK | object = {},
): Promise<{ server: Server; place: Place }> {
  const server = createServer(times, listener);
  answerParserRefusals(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  afterTest(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { address, port } = server.address() as AddressInfo; // it listens on TCP
  return { server, place: { host: address, port } };
}

describe('a server', () => {
  it('tells that a head or a body took too long', async () => {
    const { place } = await openServer((request) => void request.resume(), QUICK);
    for (const bytes of ['GET / HTT', `POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nx`]) {
      checkRefusal(await answerAt(place, bytes), 408, 'REQUEST_TIMEOUT');
    }
  });

  it('writes nothing into an answer that has begun', async () => {
    const { place } = await openServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 4 });
      response.write('ab');
    });
    const connection = await RawConnection.open(place);
    await connection.send(`GET / HTTP/1.1\r\n${HOST}\r\nrubbish\r\n\r\n`);
    await expect.poll(() => connection.ended).toBe(true);
    expect(connection.pendingBytes).toBeLessThan(300);
    expect(await connection.answer({})).toBeUndefined();
    connection.close();
  });

  it('breaks off with a client that sends on and on', async () => {
    const { server, place } = await openServer(() => undefined);
    const connection = await RawConnection.open(place);
    await connection.send('rubbish\r\n\r\n');
    checkRefusal(await connection.answer({}), 400, 'REQUEST_INVALID');
    for (let at = 0; at < 100; at++) void connection.send('x'.repeat(1000));
    const open = (): Promise<number> =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      );
    await expect.poll(open).toBe(0);
    connection.close();
  });
});

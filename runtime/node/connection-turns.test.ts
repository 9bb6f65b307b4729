import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { inTurns } from './connection-turns.ts';

const opened: (() => unknown)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

async function open(listener: RequestListener): Promise<() => Promise<Socket>> {
  const server = createServer(inTurns(listener));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => (server.closeAllConnections(), server.close()));
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const COUNT = 200;
const PATHS = Array.from({ length: COUNT }, (_, at) => `/${at}`);

/** Reads until so many answers have come; gives their bodies. */
async function bodiesOf(socket: Socket, count: number): Promise<string[]> {
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString();
    const bodies = [...text.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, body = '']) => body);
    if (bodies.length >= count) return bodies;
  }
  throw new Error(`the connection ended: ${text}`);
}

it('all requests of a connection are answered, in order, one at a time', async () => {
  let active = 0;
  let most = 0;
  const dial = await open((request, response) => {
    most = Math.max(most, ++active);
    setImmediate(() => {
      active--;
      response.end(request.url);
    });
  });
  const socket = await dial();
  socket.write(PATHS.map(get).join(''));
  expect(await bodiesOf(socket, COUNT)).toEqual(PATHS);
  expect(most).toBe(1);
});

it('other connections have their turns between them', async () => {
  const begun: string[] = [];
  const dial = await open((request, response) => {
    begun.push(request.url ?? '');
    response.end(request.url);
  });
  const [many, one] = [await dial(), await dial()];
  many.write(PATHS.map(get).join(''));
  one.write(get('/0'));
  await Promise.all([bodiesOf(many, COUNT), bodiesOf(one, 1)]);
  expect(begun.lastIndexOf('/0')).toBeLessThan(COUNT / 2);
});

it('those of a client that reads no answers are not begun, and their connection is not read', async () => {
  let begun = 0;
  const page = Buffer.alloc(2 ** 20);
  const dial = await open((_, response) => {
    begun++;
    response.end(page);
  });
  const socket = await dial();
  socket.pause();
  const request = get('/0').repeat(1000);
  let sent = 0;
  // Until the node takes no more.
  for (let flows = true; flows; sent += request.length) {
    const written = new Promise<boolean>((resolve) => socket.write(request, () => resolve(true)));
    const stalled = new Promise<boolean>((resolve) => setTimeout(resolve, 500, false));
    flows = await Promise.race([written, stalled]);
    expect(sent).toBeLessThan(64 * 2 ** 20);
  }
  expect(begun).toBeLessThan(20);
  socket.destroy();
});

it('what waits for a connection that is gone is dropped', async () => {
  const begun: [string | undefined, ServerResponse][] = [];
  let told = Promise.withResolvers<void>();
  const dial = await open((request, response) => {
    begun.push([request.url, response]);
    told.resolve();
  });
  const socket = await dial();
  socket.write(PATHS.map(get).join(''));
  await told.promise;
  socket.destroy();
  const [[, response] = []] = begun;
  if (response?.destroyed !== true) await once(response as ServerResponse, 'close');
  told = Promise.withResolvers();
  (await dial()).write(get('/later'));
  await told.promise;
  expect(begun.map(([url]) => url)).toEqual(['/0', '/later']);
});

it('a request with a body is read in its turn', async () => {
  const dial = await open((request, response) => {
    request.resume().on('end', () => response.end(request.url));
  });
  const socket = await dial();
  const post = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`;
  socket.write(PATHS.slice(0, 30).map(post).join(''));
  expect(await bodiesOf(socket, 30)).toEqual(PATHS.slice(0, 30));
});

/** What examples of the guest SDKs meet outside of their worker. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterTest } from '../../../test/node/open-nodes.ts';

/** A server that answers `hello`, what was posted, or 404 for `/missing`; gives its address. */
export async function openApi(): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = await buffer(request);
      if (request.url === '/missing') response.statusCode = 404;
      response.setHeader('content-type', 'text/plain');
      response.end(request.method === 'POST' ? body : 'hello');
    };
    void answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterTest(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Every capability, as far as the examples go. */
export function sdkCapabilities(api: string): Readonly<Record<string, readonly string[]>> {
  return {
    ...{ kv: [], blob: [], timers: [], checkpoint: [], config: ['*'], secrets: ['*'] },
    ...{ 'mailbox.receive': [], 'mailbox.send': ['*'], 'topics.publish': ['news'], 'topics.subscribe': ['news'] },
    'http.outbound': [`${api}/`],
  };
}

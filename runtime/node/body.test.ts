import { expect, test } from 'vitest';
import { boundedBody, readBody } from './body.ts';

const LIMIT_BYTES = 10;

const requestOf = (pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Request =>
  new Request('http://localhost/', {
    method: 'POST',
    body: new ReadableStream({ pull }),
    duplex: 'half',
  } as RequestInit); // lacks duplex

const read = (request: Request): Promise<Uint8Array> => readBody(boundedBody(request, LIMIT_BYTES));

test('a body within the limit is read to its end', async () => {
  let left = LIMIT_BYTES;
  const request = requestOf((controller) => {
    if (left-- > 0) controller.enqueue(Uint8Array.of(7));
    else controller.close();
  });
  expect(await read(request)).toHaveLength(LIMIT_BYTES);
});

test('a body that goes on beyond the limit is left', async () => {
  const request = requestOf((controller) => controller.enqueue(new Uint8Array(3)));
  await expect(read(request)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
});

test('a caller who hangs up is no fault of ours', async () => {
  const request = requestOf((controller) => controller.error(new Error('aborted')));
  await expect(read(request)).rejects.toMatchObject({ code: 'ABORTED' });
});

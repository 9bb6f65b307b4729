/**
 * A process that appends inputs until the store is full, then says so; what was acknowledged is told line by line.
 *
 * `node test/store/full-writer.ts FOLDER`
 */
import { writeSync } from 'node:fs';
import { PluvioError } from '../../runtime/errors/index.ts';
import { openStore, WORKERS } from '../../runtime/node/store/index.ts';

const store = await openStore({ dataDir: process.argv[2] ?? '' });
await store.collection(WORKERS).put('a', {});
const say = (line: object): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

for (let at = 0; ; at++) {
  const key = `k${at}`;
  try {
    const { seq } = await store.appendInput('a', {
      kind: 'call',
      key,
      body: new Uint8Array(20_000).fill(at),
      info: null,
    });
    say({ key, seq });
  } catch (error) {
    say({ code: error instanceof PluvioError ? error.code : String(error) });
    break;
  }
}
// What needs no room is still done.
say({ known: (await store.outcomeOf('a', 'k0'))?.seq });
await store.close();

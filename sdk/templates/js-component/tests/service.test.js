// `npx pluvio test` builds the component, then runs these with `node --test`. What they call runs in the sandbox.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createWorker, loadModule } from 'pluvio/runtime';

const component = await loadModule(await readFile('build/{{name}}.wasm'));

async function call(service, name, ...args) {
  const outcome = await service.call(name, args);
  assert.equal(outcome.kind, 'returned', outcome.message);
  return outcome.values[0];
}

test('remembers whom it has greeted', async () => {
  const service = await createWorker(component, { wasi: {} });
  assert.equal(await call(service, 'greet', 'Ada'), 'Hello, Ada!');
  assert.equal(await call(service, 'greet', 'Ada'), 'Hello again, Ada! (2)');
  assert.deepEqual(await call(service, 'guests'), [{ name: 'Ada', visits: 2 }]);
});

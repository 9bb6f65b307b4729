// Makes a component of src/main.js, with the functions of src/world.wit.
import { readFile, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';

const { component } = await componentize(await readFile('src/main.js', 'utf8'), {
  witWorld: await readFile('src/world.wit', 'utf8'),
  worldName: 'service',
  // What the program does not use need not be there.
  disableFeatures: ['http', 'fetch-event'],
});
await writeFile('build/{{name}}.wasm', component);

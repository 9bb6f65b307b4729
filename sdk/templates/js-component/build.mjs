// Makes a component of src/main.js, with the functions of src/world.wit.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';

function fail(message) {
  console.error(message);
  process.exit(1);
}

const { componentize } = await import('@bytecodealliance/componentize-js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  fail('the package @bytecodealliance/componentize-js is not installed; `npm install` installs it');
});

try {
  execFileSync(process.execPath, ['--check', 'src/main.js'], { stdio: 'inherit' });
} catch {
  process.exit(1); // Node has said where
}

const { component } = await componentize(await readFile('src/main.js', 'utf8'), {
  witWorld: await readFile('src/world.wit', 'utf8'),
  worldName: 'service',
  // What the program does not use need not be there.
  disableFeatures: ['http', 'fetch-event'],
}).catch((error) => fail(`src/main.js and src/world.wit make no component: ${error.message}`));
await writeFile('build/{{name}}.wasm', component);

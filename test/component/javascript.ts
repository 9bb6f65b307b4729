/** Components in JavaScript, made with componentize-js as their authors make them. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedPackage } from '../installed-package.ts';

const PACKAGE = '@bytecodealliance/componentize-js@0.23';
/** The version of WASI that its engine is made for, and the one whose WIT comes with jco: what differs is the number. */
const WASI = '0.2.10';
const WIT_OF_JCO = '0.2.12';

const MAKE = `
import { readFile, writeFile } from 'node:fs/promises';
import { _addPreopen } from '@bytecodealliance/preview2-shim/filesystem';
import { componentize } from '@bytecodealliance/componentize-js';
_addPreopen('/', '/'); // its tools read the WIT through it
const [source, witPath, features, out] = process.argv.slice(2);
const { component } = await componentize(await readFile(source, 'utf8'), {
  witPath, worldName: 'service', disableFeatures: features.split(','),
});
await writeFile(out, component);
`;

/** @param world The body of a world. Imports and exports of WASI are of version `WASI`. */
export function javascriptComponent(source: string, world: string, disableFeatures: readonly string[]): Uint8Array {
  const modules = installedPackage(PACKAGE);
  const folder = mkdtempSync(join(tmpdir(), 'pluvio-js-'));
  try {
    const wit = join(folder, 'wit');
    mkdirSync(join(wit, 'deps'), { recursive: true });
    const builtin = join(modules, '@bytecodealliance/jco/lib/wit/builtin', WIT_OF_JCO);
    for (const name of readdirSync(builtin)) {
      cpSync(join(builtin, name), join(wit, 'deps', name), { recursive: true });
      const path = join(wit, 'deps', name, 'package.wit');
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(WIT_OF_JCO, WASI));
    }
    writeFileSync(join(wit, 'world.wit'), `package local:service;\nworld service {\n${world}\n}\n`);
    writeFileSync(join(folder, 'main.js'), source);
    const make = join(modules, '..', 'make.mjs'); // where it finds its imports
    writeFileSync(make, MAKE);
    const out = join(folder, 'out.wasm');
    const args = [make, join(folder, 'main.js'), wit, disableFeatures.join(','), out];
    execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Greets, after a computation that takes a while. */
export const javascriptGreeter = (): Uint8Array =>
  javascriptComponent(
    `let count = 0;
    export function greet(name, rounds) {
      let n = 0;
      for (let i = 0; i < rounds; i++) n = (n * 31 + i) % 1000003;
      return \`Hello, \${name}! \${n} \${++count}\`;
    }`,
    'export greet: func(name: string, rounds: u32) -> string;',
    ['http', 'fetch-event', 'stdio'],
  );

/** Answers requests, and counts them. */
export const javascriptServer = (): Uint8Array =>
  javascriptComponent(
    `import { Fields, OutgoingBody, OutgoingResponse, ResponseOutparam } from 'wasi:http/types@${WASI}';
    const encoder = new TextEncoder();
    let count = 0;
    function lengthOf(request) {
      const stream = request.consume().stream();
      let bytes = 0;
      try {
        for (;;) bytes += stream.blockingRead(65536n).length;
      } catch (error) {
        if (error.payload?.tag !== 'closed') throw error;
      }
      return bytes;
    }
    export const incomingHandler = {
      handle(request, out) {
        count++;
        const path = request.pathWithQuery();
        const bytes = lengthOf(request);
        let n = 0;
        const rounds = Number(path.slice(1));
        for (let i = 0; i < rounds; i++) n = (n * 31 + i) % 1000003;
        const headers = Fields.fromList([['content-type', encoder.encode('text/plain')]]);
        const response = new OutgoingResponse(headers);
        const body = response.body();
        ResponseOutparam.set(out, { tag: 'ok', val: response });
        const stream = body.write();
        stream.blockingWriteAndFlush(encoder.encode(\`\${request.method().tag} \${path} \${bytes} \${n} \${count}\\n\`));
        stream[Symbol.dispose]();
        OutgoingBody.finish(body, undefined);
      },
    };`,
    `import wasi:http/types@${WASI};\n  export wasi:http/incoming-handler@${WASI};`,
    ['fetch-event', 'stdio'],
  );

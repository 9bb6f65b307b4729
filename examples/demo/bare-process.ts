/**
 * Runs one program undisturbed on the bare engine with Node's own WASI. Arguments: the module, a folder, the program's arguments.
 * Standard input is the folder's file `stdin`, standard output goes to its file `stdout`; the folder is the program's file tree.
 */
import { openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WASI } from 'node:wasi';

const [modulePath = '', folder = '', name = basename(modulePath), ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [name, ...args],
  preopens: { '/': join(folder, 'files') },
  stdin: openSync(join(folder, 'stdin'), 'r'),
  stdout: openSync(join(folder, 'stdout'), 'w'),
  returnOnExit: true,
});
const imports = wasi.getImportObject() as WebAssembly.Imports; // its type is wider than that of the JavaScript interface
const { instance } = await WebAssembly.instantiate(readFileSync(modulePath), imports);
process.exitCode = wasi.start(instance);

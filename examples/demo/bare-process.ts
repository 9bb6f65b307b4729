/**
 * Runs one program undisturbed on the bare engine with Node's own WASI. Arguments: the module, a folder, the program's file or
 * nothing, the program's name and arguments. Standard input is the folder's file `stdin`, standard output goes to its file `stdout`,
 * its folder `files` is the program's file tree. Of the program's file a copy `file` is kept from the moment at which the program
 * finds its input at the end.
 */
import { copyFileSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WASI } from 'node:wasi';

type ReadFunction = (fd: number, vectors: number, count: number, readAt: number) => number;

const [modulePath = '', folder = '', file = '', ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args,
  preopens: { '/': join(folder, 'files') },
  stdin: openSync(join(folder, 'stdin'), 'r'),
  stdout: openSync(join(folder, 'stdout'), 'w'),
  returnOnExit: true,
});
// Its type is wider than that of the JavaScript interface.
const imports = wasi.getImportObject() as { wasi_snapshot_preview1: Record<string, WebAssembly.ImportValue> };
const read = imports.wasi_snapshot_preview1['fd_read'] as ReadFunction;
let copied = file === '';

const watchedRead: ReadFunction = (fd, vectors, count, readAt) => {
  const errno = read(fd, vectors, count, readAt);
  const memory = instance.exports['memory'] as WebAssembly.Memory; // every WASI program exports it
  if (fd === 0 && !copied && new DataView(memory.buffer).getUint32(readAt, true) === 0) {
    copyFileSync(join(folder, 'files', file), join(folder, 'file'));
    copied = true;
  }
  return errno;
};

const { instance } = await WebAssembly.instantiate(readFileSync(modulePath), {
  wasi_snapshot_preview1: { ...imports.wasi_snapshot_preview1, fd_read: watchedRead },
});
process.exitCode = wasi.start(instance);

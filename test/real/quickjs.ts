import { readFile } from 'node:fs/promises';
import { loadModule, type LoadedModule } from '../../runtime/index.ts';

export * from './quickjs-guest.ts';

const FILE = new URL('../../node_modules/quickjs-wasi/quickjs.wasm', import.meta.url);

export const readQuickjs = async (): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(FILE));

export const loadQuickjs = async (): Promise<LoadedModule> => loadModule(await readQuickjs());

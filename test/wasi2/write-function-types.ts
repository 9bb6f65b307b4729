/** Writes runtime/host/wasi2/function-types.ts: `node test/wasi2/write-function-types.ts`. */
import { writeFileSync } from 'node:fs';
import { FUNCTION_TYPES_FILE, functionTypesFile } from './function-types.ts';
import { WASI_TYPES } from './wasi-types.ts';

if (WASI_TYPES === undefined) throw new Error('npm has no WIT of WASI 0.2');
writeFileSync(FUNCTION_TYPES_FILE, await functionTypesFile(WASI_TYPES));

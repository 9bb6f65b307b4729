/** What the compiler's own library asks its host for, by the host ABI. `pluvio build` puts it in place. */
import { encode, startOf } from './bytes';
import * as abi from './pluvio_v1';

function write(level: u32, text: string): void {
  const bytes = encode(text);
  abi.log(level, startOf(bytes), bytes.length, 0, 0);
}

/** Ends the call of the export with a trap; what went wrong and where is logged. */
export function endWithTrap(
  message: string | null = null,
  file: string | null = null,
  line: u32 = 0,
  column: u32 = 0,
): void {
  const what = message === null ? 'failed' : message;
  const where = file === null ? '' : ` (${file}:${line}:${column})`;
  write(abi.LOG_ERROR, what + where);
  unreachable();
}

/** Logs a message with numbers. */
export function writeTrace(
  message: string,
  n: i32 = 0,
  a0: f64 = 0,
  a1: f64 = 0,
  a2: f64 = 0,
  a3: f64 = 0,
  a4: f64 = 0,
): void {
  const numbers = [a0, a1, a2, a3, a4].slice(0, n);
  write(abi.LOG_TRACE, n == 0 ? message : message + ' ' + numbers.join(' '));
}

/** Seeds `Math.random`. */
export function randomSeed(): f64 {
  const cell: StaticArray<f64> = [0];
  abi.random(changetype<usize>(cell), sizeof<f64>());
  return cell[0];
}

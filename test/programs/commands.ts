/** A row of the table of WASI commands; what is left out is empty or 0. */
export interface CommandRow {
  readonly name: string;
  /** Where the binary lies, if not in the folder of the same name. */
  readonly folder?: string;
  readonly args?: readonly string[];
  readonly stdin?: string;
  readonly exitCode?: number;
}

const REPORT = `The gauge on the hill read nine millimetres at noon.
By two it read eleven; by four, when the wind had turned, it read thirty.

Nobody had emptied it: nobody ever does. The gauge on the hill
is read by a small machine, and the machine sends what it read
down the wire to a bigger machine, and it, in turn, to the sea.
`;

/** WASI commands with their input; the output must be that in NAME/NAME.expected. */
export const COMMANDS: readonly CommandRow[] = [
  { name: 'pi', folder: '../../examples/pi/', args: ['600'] },
  { name: 'recursion', folder: '../../examples/recursion/', args: ['700', '3'] },
  { name: 'nqueens', args: ['8'] },
  { name: 'sudoku' },
  { name: 'matmul', args: ['64'] },
  { name: 'sha256', args: ['20000'] },
  { name: 'bytecode' },
  { name: 'qsort' },
  { name: 'format' },
  { name: 'churn' },
  { name: 'mandelbrot', args: ['200'] },
  { name: 'nbody', args: ['4000'] },
  { name: 'sieve', args: ['200000'] },
  { name: 'lz' },
  { name: 'life', args: ['100'] },
  { name: 'wordcount', stdin: REPORT },
  { name: 'answer', stdin: 'add 5\nmul 6 7\nreverse stressed\nupper rain\nhello\nadd -7\nquit\nadd 9\n', exitCode: 3 },
  { name: 'sleeper', args: ['4', '5'] },
  { name: 'shapes' },
];

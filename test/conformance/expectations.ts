/**
 * What of the official suites does not pass, and why: where the engine differs, which the reference mode shows as well, and features that
 * the engine does not ship. A row must fail: one that passes is a failure. WASI 0.1 needs none.
 */

export interface Expectation {
  /** The end of a path in the suite, or a folder on the way if it ends with a slash. */
  readonly file: string;
  readonly reason: string;
  /** What commands that fail contain; undefined: the whole file is left out while the engine refuses the module `needs`. */
  readonly text?: RegExp;
  /** In which modes; default: in all. */
  readonly modes?: RegExp;
  /** The least module that uses the feature. */
  readonly needs?: string;
}

export const EXPECTATIONS: readonly Expectation[] = [
  {
    file: 'proposals/custom-page-sizes/',
    needs: '(module (memory 1 (pagesize 1)))',
    reason: 'the engine has no custom page sizes',
  },
  {
    file: 'proposals/wide-arithmetic/',
    needs: '(module (func (result i64 i64) (i64.mul_wide_u (i64.const 1) (i64.const 1))))',
    reason: 'the engine has no wide arithmetic',
  },
  {
    file: 'proposals/custom-descriptors/',
    needs: '(module (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct))))',
    reason: 'the engine has no custom descriptors',
  },
  {
    file: 'proposals/threads/imports.wast',
    text: /"multiple (tables|memories)"/,
    reason: 'this copy of the suite is older than multiple tables and memories',
  },
  {
    file: 'proposals/threads/memory.wast',
    text: /"multiple memories"/,
    reason: 'this copy of the suite is older than multiple memories',
  },
  {
    file: 'array_init_elem.wast',
    text: /"array_init_elem" \(i32\.const 0\) \(i32\.const 0\) \(i32\.const 13\)/,
    reason: 'array and segment are both too short: V8 names the segment',
  },
  {
    file: 'memory64.wast',
    text: /^\(module (definition )?\(memory i64 (0 )?0x1_0000_0000_0000\)\)$/,
    reason: 'engines allow 262,144 pages of memory',
  },
  {
    file: 'table.wast',
    text: /^\(module definition \(table 0xffff_ffff funcref\)\)$/,
    reason: 'engines allow 10,000,000 elements at the beginning',
  },
  {
    file: 'table64.wast',
    text: /^\(module definition \(table i64 0xffff_ffff_ffff_ffff funcref\)\)$/,
    reason: 'engines allow 10,000,000 elements at the beginning',
  },
];

/** Whether a row is about the file. */
export const concerns = (row: Expectation, file: string): boolean =>
  row.file.endsWith('/') ? `/${file}`.includes(`/${row.file}`) : `/${file}`.endsWith(`/${row.file}`);

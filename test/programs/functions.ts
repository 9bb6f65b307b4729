import type { TrapCode } from '../../runtime/engine/types.ts';
import type { TextFeature } from './assemble-text.ts';
import type { Expected } from './corpus.ts';

/** A row of the table of function programs. */
export interface FunctionRow {
  /** Also the name of the text module in wat/, or of a generated one. */
  readonly name: string;
  readonly features?: readonly TextFeature[];
  readonly args: readonly unknown[];
  readonly expected: Expected;
}

const returns = (...values: readonly unknown[]): Expected => ({ kind: 'returned', values });
const traps = (code: TrapCode): Expected => ({ kind: 'trapped', code });

/** What `run` gives, as the bare engine found it. */
export const FUNCTIONS: readonly FunctionRow[] = [
  { name: 'atomics', features: ['threads'], args: [20], expected: returns(49, 459n) },
  { name: 'block-params', args: [20], expected: returns(261n, 927490) },
  { name: 'br-table-loop', args: [20], expected: returns(-787087730, 22) },
  { name: 'branch-values', args: [20], expected: returns(29625426712305704n) },
  { name: 'call-indirect', args: [20], expected: returns(-1318342011, 2201364290321034750n) },
  { name: 'calls-nested', args: [20], expected: returns(370484812) },
  { name: 'conversions', args: [20], expected: returns(-5001639287629739572n) },
  { name: 'dead-code', args: [20], expected: returns(-1712144550) },
  { name: 'eh-across-frames', features: ['exceptions'], args: [20], expected: returns(140, -160n, 190, -205) },
  { name: 'eh-catch-all', features: ['exceptions'], args: [20], expected: returns(1921001890) },
  { name: 'eh-catch', features: ['exceptions'], args: [20], expected: returns(-65804845) },
  { name: 'eh-delegate', features: ['exceptions'], args: [20], expected: returns(12926) },
  { name: 'eh-foreign', features: ['exceptions'], args: [20], expected: returns(767) },
  { name: 'eh-loops', features: ['exceptions'], args: [20], expected: returns(1398352) },
  { name: 'eh-rethrow', features: ['exceptions'], args: [20], expected: returns(-1417081792) },
  { name: 'eh-trap-passes', features: ['exceptions'], args: [20], expected: traps('divide-by-zero') },
  { name: 'eh-uncaught', features: ['exceptions'], args: [20], expected: traps('exception') },
  {
    name: 'exnref-across-frames',
    features: ['exceptions', 'exception_references'],
    args: [20],
    expected: returns(217, 590588944n),
  },
  { name: 'exnref-catch', features: ['exceptions', 'exception_references'], args: [20], expected: returns(145528) },
  { name: 'exnref-loops', features: ['exceptions', 'exception_references'], args: [20], expected: returns(153028, 3) },
  { name: 'extended-const', features: ['extended_const'], args: [20], expected: returns(2837, -111577100832n) },
  { name: 'floats', args: [20], expected: returns(61.6659778114198, 120, 20) },
  { name: 'func-references', features: ['function_references'], args: [20], expected: returns(252737256) },
  { name: 'gc-arrays', features: ['gc'], args: [20], expected: returns(1841, 330, 208) },
  { name: 'gc-structs', features: ['gc'], args: [20], expected: returns(725387080, 11304n, 1) },
  {
    name: 'globals',
    args: [20],
    expected: returns(
      -67970133,
      -8513419624833428324n,
      15.697149276733398,
      0.9247777297171491,
      3446623310427363950n,
      2,
    ),
  },
  { name: 'if-arms', args: [20], expected: returns(772239627) },
  { name: 'imports-deep', args: [40], expected: returns(5155660) },
  { name: 'imports-loop', args: [20], expected: returns(5410, 123994876284n, 3.999958038330078) },
  { name: 'integers', args: [20], expected: returns(-1072475370, 3250506773652589750n) },
  { name: 'loop-params', args: [20], expected: returns(10946n, 0) },
  { name: 'loop-shapes', args: [20], expected: returns(42, 1514029425, 70, 42, 99) },
  { name: 'loop-tight', args: [1500], expected: returns(1500, 59, 636042707) },
  { name: 'loops-nested', args: [30], expected: returns(1790040384, 3182) },
  { name: 'memories-two', features: ['multi_memory'], args: [20], expected: returns(6074, 1, 3) },
  { name: 'memory-access', args: [20], expected: returns(5370985613450665273n) },
  { name: 'memory-bulk', args: [20], expected: returns(279594298) },
  { name: 'memory-dropped', args: [20], expected: traps('memory-out-of-bounds') },
  { name: 'memory-grow', args: [20], expected: returns(31, 6, 15) },
  { name: 'memory64', features: ['memory64'], args: [20], expected: returns(-4373512230517355973n, 3n) },
  { name: 'multi-value', args: [20], expected: returns(81985529216574485n, 1639710584330570800) },
  { name: 'nan-bits', args: [20], expected: returns(2097151, 9221120237041090561n, 2141192192, -8650288984271528164n) },
  { name: 'no-arguments', args: [], expected: returns(500) },
  { name: 'recursion-fib', args: [11], expected: returns(89) },
  { name: 'recursion-mutual', args: [60], expected: returns(1, 0, 13) },
  { name: 'references', args: [20], expected: returns(3) },
  { name: 'relaxed-simd', features: ['relaxed_simd'], args: [20], expected: returns(795458235741373696n) },
  { name: 'select', args: [20], expected: returns(-1640531535, 4168622280n, 11, -1640531535) },
  { name: 'simd', args: [20], expected: returns(5753574499735768595n, -4765128842760321741n, 36632.87928896663) },
  { name: 'stack-deep', args: [20], expected: returns(2166164808510n) },
  { name: 'stack-nested-args', args: [20], expected: returns(-306732428) },
  { name: 'stack-order', args: [20], expected: returns(-183091595) },
  { name: 'start-loop', args: [150], expected: returns(1028626331, 200) },
  { name: 'table-bulk', args: [20], expected: returns(30874636, 18) },
  { name: 'tail-in-try', features: ['tail_call', 'exceptions'], args: [20], expected: returns(190) },
  { name: 'tail-indirect', features: ['tail_call'], args: [80], expected: returns(172) },
  { name: 'tail-mutual', features: ['tail_call'], args: [300], expected: returns(652704922, 9295) },
  {
    name: 'tail-references',
    features: ['tail_call', 'function_references'],
    args: [100],
    expected: returns(5747557118164569891n),
  },
  { name: 'trap-array', features: ['gc'], args: [20], expected: traps('array-out-of-bounds') },
  { name: 'trap-cast', features: ['gc'], args: [20], expected: traps('cast-failure') },
  { name: 'trap-conversion', args: [3], expected: traps('invalid-conversion') },
  { name: 'trap-divide', args: [20], expected: traps('divide-by-zero') },
  { name: 'trap-indirect-type', args: [0], expected: traps('indirect-call-type') },
  { name: 'trap-memory', args: [1000], expected: traps('memory-out-of-bounds') },
  { name: 'trap-null-reference', features: ['gc'], args: [20], expected: traps('null-reference') },
  { name: 'trap-overflow', args: [20], expected: traps('integer-overflow') },
  { name: 'trap-table', args: [0], expected: traps('table-out-of-bounds') },
  { name: 'trap-unreachable', args: [12], expected: traps('unreachable') },
  {
    name: 'wide-arguments',
    args: [9, 1n, 1.5, 2.5],
    expected: returns(9, 24599n, 11.175870895385742, 3.1337203979492188),
  },
  { name: 'big-br-table', args: [12], expected: returns(1049886902) },
  { name: 'big-blocks', args: [12], expected: returns(-990701392) },
  { name: 'big-locals', args: [12], expected: returns(-2073594863) },
  { name: 'big-parameters', args: [12], expected: returns(489026523) },
  { name: 'big-functions', args: [1], expected: returns(172815) },
  { name: 'big-loops', args: [12], expected: returns(143971498) },
];

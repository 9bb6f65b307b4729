/** Code that cannot be reached: valid, as the stack holds whatever is asked for. */
import { I32 } from '../../../runtime/wasm/index.ts';
import { EMPTY_BLOCK } from './emitter.ts';
import type { FunctionBuilder } from './function-builder.ts';

type Piece = (f: FunctionBuilder) => void;

/** Each takes from a stack that holds anything; `unreachable` follows, which takes what it leaves. */
const PIECES: readonly Piece[] = [
  (f) => f.emit('drop'),
  (f) => f.emit('i32.add'),
  (f) => {
    f.emit('select');
    f.emit('drop');
  },
  (f) => f.emit('i64.extend_i32_s'),
  (f) => f.emit('call', f.random.pick(f.outline.funcs).index),
  (f) => {
    const local = f.pool[0];
    if (local !== undefined) f.emit('local.set', local);
  },
  (f) => f.emit('br_if', f.random.pick(f.targets())),
  (f) => {
    f.emit('loop', EMPTY_BLOCK);
    f.emit('br', 0);
    f.emit('end');
  },
  (f) => {
    f.emit('block', EMPTY_BLOCK);
    f.inside({ types: [], kind: 'plain' }, () => f.statements(2));
    f.emit('end');
  },
  (f) => {
    f.emit('if', f.types.block([], [I32]));
    f.emit('unreachable');
    f.emit('else');
    f.emit('i32.const', 1);
    f.emit('end');
    f.emit('drop');
  },
];

/** Adds some, and takes what it may have left. */
export function deadCode(f: FunctionBuilder): void {
  f.dead(() => {
    for (let count = f.random.between(1, 4); count > 0; count--) {
      f.random.pick(PIECES)(f);
      f.emit('unreachable');
    }
  });
}

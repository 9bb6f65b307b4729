/** Generates the body of a function: statements and constructs around the expressions of expressions.ts. */
import { BLOCK_KIND, F32, F64, FUNCREF, I32, I64, V128, type ValType } from '../../../runtime/wasm/index.ts';
import type { Instr } from '../../../runtime/wasm/testing/assemble.ts';
import { ExpressionGenerator } from './expressions.ts';
import { TYPES } from './shapes.ts';

export class BodyGenerator extends ExpressionGenerator {
  generate(): void {
    this.step();
    this.statements();
    if (this.tape.below(6) === 5 && this.tailCall()) return;
    this.pushAll(this.type.results);
  }

  protected override statements(): void {
    for (let count = this.tape.below(4); count > 0 && !this.small(); count--) this.statement();
  }

  protected statement(): void {
    this.budget--;
    this.depth++;
    switch (this.tape.below(12)) {
      case 0:
        this.emit('nop');
        break;
      case 1:
      case 2: {
        const type = this.tape.pick(TYPES);
        this.push(type);
        this.take(type);
        break;
      }
      case 3:
        this.store();
        break;
      case 4: {
        const index = this.tape.below(this.scope.funcs.length);
        const callee = this.scope.funcs[index];
        if (callee === undefined) break;
        this.call(index, callee);
        this.takeAll(callee.results);
        break;
      }
      case 5:
        this.branchTable();
        break;
      case 6:
        this.leaveSometimes();
        break;
      case 7:
        this.bulk();
        break;
      default: {
        const params = this.typeList(2);
        const results = this.typeList(2);
        this.pushAll(params);
        this.construct(params, results);
        this.takeAll(results);
      }
    }
    this.depth--;
  }

  protected store(): void {
    const [name, type] = this.tape.pick([
      ['i32.store', I32],
      ['i64.store', I64],
      ['f32.store', F32],
      ['f64.store', F64],
      ['v128.store', V128],
      ['i32.store8', I32],
    ] as const);
    this.address();
    this.push(type);
    this.emit(name, 0);
  }

  protected bulk(): void {
    const three = (mask: number): void => {
      for (let count = 0; count < 3; count++) {
        this.push(I32);
        this.emit('i32.const', mask);
        this.emit('i32.and');
      }
    };
    switch (this.tape.below(8)) {
      case 0:
        three(0xfff);
        return this.emit('memory.fill', 0);
      case 1:
        three(0xfff);
        return this.emit('memory.copy', 0, 0);
      case 2:
        three(this.chance(3) ? 3 : 1);
        return this.emit('memory.init', 1, 0);
      case 3:
        return this.emit('data.drop', 1);
      case 4:
        this.push(I32);
        this.emit('i32.const', 7);
        this.emit('i32.and');
        this.push(FUNCREF);
        return this.emit('table.set', 0);
      case 5:
        three(1);
        return this.emit('table.copy', 0, 0);
      case 6:
        three(1);
        return this.emit('table.init', 1, 0);
      default:
        return this.emit('elem.drop', 1);
    }
  }

  /** Out of several constructs at once: to labels that take the same as the chosen one. */
  protected branchTable(): void {
    const target = this.tape.below(this.labels.length);
    const { types } = this.label(target);
    const { types: section } = this.scope;
    const own = section.index([], types);
    const fitting = this.labels.flatMap((label, at) =>
      section.index([], label.types) === own ? [this.labels.length - 1 - at] : [],
    );
    this.emit('block');
    this.labels.push({ types: [], catches: false });
    this.push(I32);
    this.emit('br_if', 0);
    this.pushAll(types);
    this.push(I32);
    const labels = Array.from({ length: this.tape.below(4) }, () => this.tape.pick(fitting) + 1);
    this.emit('br_table', ...labels, target + 1);
    this.labels.pop();
    this.emit('end');
  }

  /** Branch, return, throw, rethrow, trap or tail call behind a condition; code that cannot be reached follows now and then. */
  protected leaveSometimes(): void {
    this.push(I32);
    this.emit('if');
    this.labels.push({ types: [], catches: false });
    switch (this.tape.below(7)) {
      case 0:
      case 1: {
        const depth = this.tape.below(this.labels.length);
        this.pushAll(this.label(depth).types);
        this.emit('br', depth);
        break;
      }
      case 2:
        this.pushAll(this.type.results);
        this.emit('return');
        break;
      case 3:
      case 4:
        this.throwTag();
        break;
      case 5:
        this.tailCall();
        break;
      default:
        if (this.chance(10)) this.emit('unreachable');
    }
    if (this.chance(4)) {
      this.pushAll([I32, I64]);
      this.emit('drop');
      this.emit('drop');
    }
    this.labels.pop();
    this.emit('end');
  }

  protected throwTag(): void {
    const { tags, handlers } = this.scope;
    if (handlers === 'none') return;
    const holding = this.labels.flatMap(({ catches }, at) => (catches ? [this.labels.length - 1 - at] : []));
    if (holding.length > 0 && this.chance(2)) return this.emit('rethrow', this.tape.pick(holding));
    const tag = this.tape.below(tags.length);
    this.pushAll(tags[tag]?.params ?? []);
    this.emit('throw', tag);
  }

  // --- constructs ---

  /** A block, loop, if or try whose parameters are on the stack. */
  protected override construct(params: readonly ValType[], results: readonly ValType[]): void {
    const kinds = ['block', 'loop', 'loop', 'if', 'if', 'try', 'try'] as const;
    const kind = this.tape.pick(kinds);
    if (kind === 'try' && this.scope.handlers === 'legacy') return this.legacyTry(params, results);
    if (kind === 'try' && this.scope.handlers === 'table') return this.tryTable(params, results);
    if (kind === 'if') {
      this.push(I32);
      this.open('if', params, results);
      this.inside(params, results, results);
      this.emit('else');
      this.inside(params, results, results);
    } else if (kind === 'loop') {
      this.open('loop', params, results);
      this.step();
      this.inside(params, params, results, true);
    } else {
      this.open('block', params, results);
      this.inside(params, results, results);
    }
    this.emit('end');
  }

  protected open(name: Instr[0], params: readonly ValType[], results: readonly ValType[], ...more: number[]): void {
    const [only] = results;
    if (params.length === 0 && results.length === 0) this.emit(name, BLOCK_KIND.empty, 0, ...more);
    else if (params.length === 0 && results.length === 1 && only !== undefined && !this.chance(4)) {
      this.emit(name, BLOCK_KIND.value, only, ...more);
    } else this.emit(name, BLOCK_KIND.typeIndex, this.scope.types.index(params, results), ...more);
  }

  /** The inside of a construct: parameters are taken, or stay below what follows where they begin the results. */
  protected inside(
    params: readonly ValType[],
    labelTypes: readonly ValType[],
    results: readonly ValType[],
    loops = false,
    catches = false,
  ): void {
    this.labels.push({ types: labelTypes, catches });
    const stay = params.length <= results.length && params.every((type, at) => type === results[at]) && this.chance(2);
    if (!stay) this.takeAll(params);
    this.statements();
    if (loops && !this.chance(3)) {
      // Around again, while the condition holds.
      if (stay) this.emit('nop');
      this.emit('block');
      this.labels.push({ types: [], catches: false });
      this.push(I32);
      this.emit('i32.const', 3);
      this.emit('i32.and');
      this.emit('i32.eqz');
      this.emit('br_if', 0);
      this.pushAll(labelTypes);
      this.emit('br', 1);
      this.labels.pop();
      this.emit('end');
    }
    this.pushAll(stay ? results.slice(params.length) : results);
    this.labels.pop();
  }

  protected legacyTry(params: readonly ValType[], results: readonly ValType[]): void {
    const { tags } = this.scope;
    this.open('try', params, results);
    this.inside(params, results, results);
    if (this.chance(4)) {
      this.emit('delegate', this.tape.below(this.labels.length));
      return;
    }
    tags.forEach(({ params: payload }, tag) => {
      if (this.chance(3)) return;
      this.emit('catch', tag);
      this.inside(payload, results, results, false, true);
    });
    if (!this.chance(3)) {
      this.emit('catch_all');
      this.inside([], results, results, false, true);
    }
    this.emit('end');
  }

  /** `try_table` in a block per clause; each takes the payload and gives the results. */
  protected tryTable(params: readonly ValType[], results: readonly ValType[]): void {
    const { tags, types } = this.scope;
    const caught = tags.map((_, tag) => tag).filter(() => !this.chance(3));
    const all = this.chance(2);
    const clauses: number[] = [];
    caught.forEach((tag, depth) => clauses.push(0, tag, depth));
    if (all) clauses.push(2, -1, caught.length);
    const payloads = caught.map((tag) => tags[tag]?.params ?? []);
    if (all) payloads.push([]);
    this.emit('block', BLOCK_KIND.typeIndex, types.index(params, results));
    this.labels.push({ types: results, catches: false });
    for (const payload of [...payloads].reverse()) {
      this.emit('block', BLOCK_KIND.typeIndex, types.index(params, payload));
      this.labels.push({ types: payload, catches: false });
    }
    this.open('try_table', params, results, ...clauses);
    this.inside(params, results, results);
    this.emit('end');
    this.emit('br', payloads.length);
    payloads.forEach((payload, depth) => {
      this.labels.pop();
      this.emit('end');
      this.takeAll(payload);
      if (this.chance(2)) this.statement();
      this.pushAll(results);
      this.emit('br', payloads.length - 1 - depth);
    });
    this.labels.pop();
    this.emit('end');
  }
}

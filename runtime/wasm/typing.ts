/**
 * The validator of function bodies, which records the type of everything on the operand stack at every row (core
 * specification, chapter 3 and appendix "Validation Algorithm").
 *
 * Identity of nodes, on which the readers of a `Typing` rely:
 * 1. Parameters of block, if, try and try_table keep their nodes inside, in the else arm too; where a type is refined to a
 *    supertype, a node of its own begins (producer: the construct's row). Parameters of a loop are new nodes of the loop's row.
 * 2. Results of a construct are new nodes of its `end` (or `delegate`) row.
 * 3. Values that br_if and br_on_… leave on the stack keep their nodes, unless a type changes.
 * 4. The payload of a legacy catch are nodes of the catch row.
 */
import { itemAt } from './item-at.ts';
import { Typer } from './typer.ts';
import { AGGREGATE_RULES } from './typing-aggregate.ts';
import { CONTROL_RULES, type Rule } from './typing-control.ts';
import { newTyping, type Typing, type TypingContext, UNREACHABLE_TOP } from './typing-record.ts';
import {
  ADDRESS,
  MAX_PARAMS,
  PARAM_COUNT,
  PARAMS,
  RESULT,
  RULE,
  RULE_NAMES,
  USES_ADDRESS,
} from './typing-signatures.ts';
import { STORAGE_RULES } from './typing-storage.ts';
import type { Code } from './code.ts';
import { OP, type RuleName } from './opcode-table.ts';
import { BOTTOM, I32, I64, type ValType } from './types.ts';

const RULES: Readonly<Record<RuleName, Rule>> = { ...CONTROL_RULES, ...STORAGE_RULES, ...AGGREGATE_RULES };

/** Rules by number. */
const HANDLERS: readonly Rule[] = RULE_NAMES.map((name) => RULES[name]);

export interface TypingOptions {
  /** Whether locals of a type without default value must be set before they are read. Default: true. */
  readonly trackInit?: boolean;
  /** For messages. */
  readonly funcIndex?: number;
}

const OP_LOCAL_GET = OP['local.get'];
const OP_LOCAL_SET = OP['local.set'];
/** The rows of local.get, local.set and local.tee are neighbours. */
const FIRST_LOCAL = Math.min(OP_LOCAL_GET, OP_LOCAL_SET, OP['local.tee']);
const LAST_LOCAL = FIRST_LOCAL + 2;
const TABLES = [RULE, USES_ADDRESS, PARAM_COUNT, PARAMS, RESULT] as const;

/** One instance serves all bodies: validation neither waits nor calls out. */
const typer = new Typer();

/**
 * Validates a body and records its typing.
 * @param locals Types of parameters and locals; `localCount` of them count.
 * @param into A typing whose buffers are used again.
 * @throws PluvioError `MODULE_INVALID`
 */
export function typeFunction(
  context: TypingContext,
  code: Code,
  locals: Int32Array,
  localCount: number,
  paramCount: number,
  results: readonly ValType[],
  options: TypingOptions = {},
  into?: Typing,
): Typing {
  const typing = into ?? newTyping(code.length);
  if (typing.top.length < code.length) {
    typing.top = new Int32Array(code.length * 2);
    typing.blockHeight = new Int32Array(code.length * 2);
  }
  typer.context = context;
  typer.code = code;
  typer.locals = locals;
  typer.localCount = localCount;
  typer.funcIndex = options.funcIndex;
  typer.results = results;
  typer.initialized.length = 0;
  typer.tracksInit = false;
  for (let index = paramCount; index < localCount; index++) typer.checkType(locals[index] ?? 0, 0);
  if (options.trackInit !== false) typer.trackInit(paramCount);
  typer.open(typing);
  typeRows();
  typer.close();
  return typing;
}

/** Most rows are of a fixed type or about a local without tracking: they get by without a call of a rule. */
function typeRows(): void {
  const { code, typing, locals, localCount } = typer;
  const { length, op: ops, a } = code;
  const { top } = typing;
  const [rules, usesAddress, counts, params, result] = TABLES; // engines read what is imported anew each time
  const checksLocals = typer.tracksInit;
  for (let row = 0; row < length; row++) {
    top[row] = typer.dead ? UNREACHABLE_TOP : typer.top;
    const op = ops[row] ?? 0;
    if (op <= LAST_LOCAL && op >= FIRST_LOCAL && !checksLocals) {
      const local = a[row] ?? 0;
      if (local >= localCount) typer.checkIndex(local, localCount, 'local', row);
      const type = locals[local] ?? 0;
      if (op !== OP_LOCAL_GET) typer.pop(type, row);
      if (op !== OP_LOCAL_SET) typer.push(type, row);
      continue;
    }
    const rule = rules[op] ?? 0;
    if (rule >= 0) itemAt(HANDLERS, rule)(typer, row);
    else if (usesAddress[op] === 1) typeMemoryAccess(op, row);
    else {
      const count = counts[op] ?? 0;
      if (count > 0) {
        const last = op * MAX_PARAMS + count - 1;
        typer.pop(params[last] ?? 0, row);
        if (count > 1) typer.pop(params[last - 1] ?? 0, row);
        if (count > 2) typer.pop(params[last - 2] ?? 0, row);
      }
      const type = result[op] ?? 0;
      if (type !== BOTTOM) typer.push(type, row);
    }
  }
}

function typeMemoryAccess(op: number, row: number): void {
  const { memories } = typer.context;
  const index = typer.code.a[row] ?? 0;
  const memory = memories[index];
  if (memory === undefined) throw typer.error(row, `memory ${index} does not exist, there are ${memories.length}`);
  const address = memory.type.limits.is64 ? I64 : I32;
  let place = op * MAX_PARAMS + (PARAM_COUNT[op] ?? 0) - 1;
  for (; place >= op * MAX_PARAMS; place--) {
    const type = PARAMS[place] ?? 0;
    typer.pop(type === ADDRESS ? address : type, row);
  }
  const result = RESULT[op] ?? 0;
  if (result !== BOTTOM) typer.push(result === ADDRESS ? address : result, row);
}

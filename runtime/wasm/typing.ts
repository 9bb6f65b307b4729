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
import type { RuleName } from './opcode-table.ts';
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
  for (let index = paramCount; index < localCount; index++) typer.checkType(locals[index]!, 0);
  if (options.trackInit !== false) typer.trackInit(paramCount);
  typer.open(typing);
  typeRows();
  typer.close();
  return typing;
}

function typeRows(): void {
  const { code, typing } = typer;
  const { length, op: ops } = code;
  const { top } = typing;
  for (let row = 0; row < length; row++) {
    top[row] = typer.dead ? UNREACHABLE_TOP : typer.top;
    const op = ops[row]!;
    const rule = RULE[op]!;
    if (rule >= 0) HANDLERS[rule]!(typer, row);
    else if (USES_ADDRESS[op] === 1) typeMemoryAccess(op, row);
    else {
      for (let index = PARAM_COUNT[op]! - 1; index >= 0; index--) typer.pop(PARAMS[op * MAX_PARAMS + index]!, row);
      if (RESULT[op] !== BOTTOM) typer.push(RESULT[op]!, row);
    }
  }
}

function typeMemoryAccess(op: number, row: number): void {
  const { memories } = typer.context;
  const memory = memories[typer.code.a[row]!];
  if (memory === undefined) typer.checkIndex(typer.code.a[row]!, memories.length, 'memory', row);
  const address = memory!.type.limits.is64 ? I64 : I32;
  for (let index = PARAM_COUNT[op]! - 1; index >= 0; index--) {
    const type = PARAMS[op * MAX_PARAMS + index]!;
    typer.pop(type === ADDRESS ? address : type, row);
  }
  const result = RESULT[op]!;
  if (result !== BOTTOM) typer.push(result === ADDRESS ? address : result, row);
}

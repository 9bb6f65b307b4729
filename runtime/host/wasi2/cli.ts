/** wasi:cli */
import { GuestExit } from '../../engine/pending.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { adopt, INPUT_STREAM, OUTPUT_STREAM, TERMINAL_INPUT, TERMINAL_OUTPUT, type Token } from './resources.ts';

function exit(code: number): never {
  throw new GuestExit(code);
}

function terminal(wasi: Wasi2Context, resource: Token['resource']): Token | undefined {
  return wasi.terminal ? adopt(wasi, { resource, kind: 'token' }) : undefined;
}

const output = (wasi: Wasi2Context, kind: 'stdout' | 'stderr') =>
  adopt(wasi, { resource: OUTPUT_STREAM, kind, permit: 0, closed: false });

export const CLI_INTERFACES = {
  'wasi:cli/environment@0.2': (wasi) => ({
    'get-environment': () => wasi.env,
    'get-arguments': () => wasi.args,
    'initial-cwd': () => undefined,
  }),
  'wasi:cli/exit@0.2': () => ({
    exit: (status: { readonly tag: 'ok' | 'err' }) => exit(status.tag === 'ok' ? 0 : 1),
    'exit-with-code': exit,
  }),
  'wasi:cli/stdin@0.2': (wasi) => ({ 'get-stdin': () => adopt(wasi, { resource: INPUT_STREAM, kind: 'stdin' }) }),
  'wasi:cli/stdout@0.2': (wasi) => ({ 'get-stdout': () => output(wasi, 'stdout') }),
  'wasi:cli/stderr@0.2': (wasi) => ({ 'get-stderr': () => output(wasi, 'stderr') }),
  'wasi:cli/terminal-input@0.2': () => ({}),
  'wasi:cli/terminal-output@0.2': () => ({}),
  'wasi:cli/terminal-stdin@0.2': (wasi) => ({ 'get-terminal-stdin': () => terminal(wasi, TERMINAL_INPUT) }),
  'wasi:cli/terminal-stdout@0.2': (wasi) => ({ 'get-terminal-stdout': () => terminal(wasi, TERMINAL_OUTPUT) }),
  'wasi:cli/terminal-stderr@0.2': (wasi) => ({ 'get-terminal-stderr': () => terminal(wasi, TERMINAL_OUTPUT) }),
} as const satisfies Record<string, InterfaceOf>;

/** wasi:cli without its streams. */
import { GuestExit } from '../../engine/pending.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';
import { adopt, type Terminal, TERMINAL_INPUT, TERMINAL_OUTPUT } from './resources.ts';

function exit(code: number): never {
  throw new GuestExit(code);
}

function terminal(wasi: Wasi2Context, resource: Terminal['resource']): Terminal | undefined {
  return wasi.terminal ? adopt(wasi, { resource, kind: 'terminal' }) : undefined;
}

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
  'wasi:cli/terminal-input@0.2': () => ({}),
  'wasi:cli/terminal-output@0.2': () => ({}),
  'wasi:cli/terminal-stdin@0.2': (wasi) => ({ 'get-terminal-stdin': () => terminal(wasi, TERMINAL_INPUT) }),
  'wasi:cli/terminal-stdout@0.2': (wasi) => ({ 'get-terminal-stdout': () => terminal(wasi, TERMINAL_OUTPUT) }),
  'wasi:cli/terminal-stderr@0.2': (wasi) => ({ 'get-terminal-stderr': () => terminal(wasi, TERMINAL_OUTPUT) }),
} as const satisfies Record<string, InterfaceOf>;

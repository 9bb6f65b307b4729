/** Sockets: there are none, so every open descriptor is no socket. */
import { fail } from '../errno.ts';
import type { WasiContext } from './context.ts';
import { define, type Result, type WasiFunction } from './define.ts';

function notASocket({ descriptors }: WasiContext, fd: number): Result {
  descriptors.get(fd);
  return fail('notsock');
}

export const SOCK_FUNCTIONS = {
  sock_accept: define(['i32', 'i32', 'i32'], [], notASocket),
  sock_recv: define(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], notASocket),
  sock_send: define(['i32', 'i32', 'i32', 'i32', 'i32'], [], notASocket),
  sock_shutdown: define(['i32', 'i32'], [], notASocket),
} as const satisfies Record<string, WasiFunction>;

/** wasi:sockets: there, and refused. A component that imports it runs, and finds that it may not use the network. */
import type { ComponentFunction } from '../component/component-host.ts';
import { trap } from '../guest-trap.ts';
import type { InterfaceOf } from './context.ts';
import { err } from './outcome.ts';
import { adopt, NETWORK } from './resources.ts';

const refused = () => err('access-denied');

/** Methods of resources that nobody is given. */
const unreachable = (resource: string, methods: string): Record<string, ComponentFunction> =>
  Object.fromEntries(
    methods
      .split(' ')
      .map((method) => [`[method]${resource}.${method}`, () => trap(`there is no ${resource} to ${method}`)]),
  );

export const SOCKET_INTERFACES = {
  'wasi:sockets/instance-network@0.2': (wasi) => ({
    'instance-network': () => adopt(wasi, { resource: NETWORK, kind: 'token' }),
  }),
  'wasi:sockets/network@0.2': () => ({ 'network-error-code': () => undefined }),
  'wasi:sockets/ip-name-lookup@0.2': () => ({
    'resolve-addresses': refused,
    ...unreachable('resolve-address-stream', 'resolve-next-address subscribe'),
  }),
  'wasi:sockets/tcp-create-socket@0.2': () => ({ 'create-tcp-socket': refused }),
  'wasi:sockets/tcp@0.2': () =>
    unreachable(
      'tcp-socket',
      'start-bind finish-bind start-connect finish-connect start-listen finish-listen accept local-address ' +
        'remote-address is-listening address-family set-listen-backlog-size keep-alive-enabled ' +
        'set-keep-alive-enabled keep-alive-idle-time set-keep-alive-idle-time keep-alive-interval ' +
        'set-keep-alive-interval keep-alive-count set-keep-alive-count hop-limit set-hop-limit ' +
        'receive-buffer-size set-receive-buffer-size send-buffer-size set-send-buffer-size subscribe shutdown',
    ),
  'wasi:sockets/udp-create-socket@0.2': () => ({ 'create-udp-socket': refused }),
  'wasi:sockets/udp@0.2': () => ({
    ...unreachable(
      'udp-socket',
      'start-bind finish-bind stream local-address remote-address address-family unicast-hop-limit ' +
        'set-unicast-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size set-send-buffer-size subscribe',
    ),
    ...unreachable('incoming-datagram-stream', 'receive subscribe'),
    ...unreachable('outgoing-datagram-stream', 'check-send send subscribe'),
  }),
} as const satisfies Record<string, InterfaceOf>;

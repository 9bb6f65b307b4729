/** Passes connections on, and cuts one of them in the middle. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly host: string;
  /** When more than this has gone in a direction from now on, cuts the connection over which it goes. */
  cutAfter(direction: 'up' | 'down', bytes: number): void;
  /** Cuts the next connection that is to take this text up, in one piece; the text does not arrive. */
  cutBefore(text: string): void;
  readonly cuts: number;
  close(): Promise<void>;
}

export async function openCuttingProxy(target: string): Promise<CuttingProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let limit: { readonly direction: 'up' | 'down'; readonly bytes: number } | undefined;
  let forbidden: string | undefined;
  let passedBytes = 0;
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    const pass = (from: Socket, to: Socket, direction: 'up' | 'down'): void => {
      sockets.add(from);
      from.on('data', (piece: Buffer) => {
        if (limit?.direction === direction) passedBytes += piece.length;
        const isForbidden = direction === 'up' && forbidden !== undefined && piece.includes(forbidden);
        if (isForbidden || (limit?.direction === direction && passedBytes > limit.bytes)) {
          if (isForbidden) forbidden = undefined;
          else limit = undefined;
          cuts++;
          cut();
        } else if (!to.destroyed) to.write(piece);
      });
      from.on('error', cut).on('close', () => {
        sockets.delete(from);
        cut();
      });
    };
    pass(near, far, 'up');
    pass(far, near, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    cutAfter: (direction, bytes) => {
      limit = { direction, bytes };
      passedBytes = 0;
    },
    cutBefore: (text) => {
      forbidden = text;
    },
    get cuts() {
      return cuts;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

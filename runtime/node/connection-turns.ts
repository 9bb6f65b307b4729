/**
 * Requests of one connection take turns: the next one begins when the answer to the one before it has gone.
 *
 * Answers leave a connection in the order of its requests in any case. Begun all at once, what a client sends in one piece would hold up
 * every other client, and answers that nobody reads would pile up in memory.
 *
 * Invariants:
 * 1. Of each connection at most one request is under way.
 * 2. While more than WAITING_MAX wait, nothing is read from the connection: there are never more than those of one read beyond it.
 * 3. Between two requests of a connection the event loop has its turn.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const WAITING_MAX = 16;

type Exchange = readonly [request: IncomingMessage, response: ServerResponse];

/** A connection with a request under way. */
interface Turns {
  readonly waiting: Exchange[];
  isPaused: boolean;
}

/** The listener, told of the requests of a connection one after the other. */
export function inTurns(listener: RequestListener): RequestListener {
  const busy = new WeakMap<Socket, Turns>();

  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    response.once('close', answered);
    listener(request, response);
  };

  function answered(this: ServerResponse): void {
    const { socket } = this.req;
    const turns = busy.get(socket);
    if (turns === undefined) return;
    const next = turns.waiting.shift();
    if (next === undefined || socket.destroyed) {
      busy.delete(socket);
      return;
    }
    if (turns.isPaused && turns.waiting.length === 0) {
      turns.isPaused = false;
      socket.resume();
    }
    setImmediate(begin, ...next);
  }

  return (request, response) => {
    const { socket } = request;
    const turns = busy.get(socket);
    if (turns === undefined) {
      busy.set(socket, { waiting: [], isPaused: false });
      return begin(request, response);
    }
    turns.waiting.push([request, response]);
    if (turns.waiting.length <= WAITING_MAX || turns.isPaused) return;
    turns.isPaused = true;
    socket.pause();
  };
}

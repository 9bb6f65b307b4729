/**
 * A way for messages between a node's main thread and an engine: a thread, a process, or the same thread.
 *
 * Boundary: messages are plain data that structured clone takes; they arrive whole, in order, or not at all when the other end is gone.
 */
import { MessageChannel, type MessagePort, type Transferable, type Worker as NodeThread } from 'node:worker_threads';

export interface Port {
  /** @param transfer Buffers whose ownership goes with the message, where the port can do that; else they are copied. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** The one who is told of messages. */
  listen(listener: (message: unknown) => void): void;
  close(): void;
}

type MessageEnd = Pick<MessagePort, 'postMessage' | 'on'> & { close?(): void };

/** A port over an end of a channel, or a thread. */
export function messagePort(end: MessageEnd | NodeThread): Port {
  return {
    post: (message, transfer = []) => end.postMessage(message, [...transfer] as Transferable[]), // ArrayBuffers are
    listen: (listener) => void end.on('message', listener),
    close: () => ('close' in end ? end.close?.() : undefined),
  };
}

/** Both ends of a way within this thread; neither keeps the process alive. */
export function localPorts(): readonly [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  const ports = [messagePort(port1), messagePort(port2)] as const;
  // Listening refers a port, so this comes after it.
  const unrefs = (port: Port, end: MessagePort): Port => ({
    ...port,
    listen: (listener) => {
      port.listen(listener);
      end.unref();
    },
  });
  return [unrefs(ports[0], port1), unrefs(ports[1], port2)];
}

interface ProcessEnd {
  send(message: object, sent: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  disconnect(): void;
}

/** A port over the channel to a child process, or from it to its parent; everything is copied. */
export function processPort(end: ProcessEnd): Port {
  return {
    // Sending to a process that is gone is no error here: its exit tells.
    post: (message) => end.send(message as object, () => undefined), // of the protocol's shape
    listen: (listener) => void end.on('message', listener),
    close: () => end.disconnect(),
  };
}

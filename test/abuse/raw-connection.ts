/** One TCP connection to a node, on which a client may misbehave in any way. */
import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader } from './answers.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export const placeOf = (url: string): Place => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });

/** How long an answer may take: far more than any needs that is not waited for on purpose. */
const PATIENCE_MS = 20_000;

export class RawConnection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #ended = false;
  #failure: string | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const wake = (): void => this.#wake?.();
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (this.#failure = error.code ?? error.message));
    socket.on('end', () => {
      this.#ended = true;
      wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      wake();
    });
  }

  /** @throws Error when the node takes no connection */
  static async open({ host, port }: Place): Promise<RawConnection> {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    return new RawConnection(socket);
  }

  /** Whether the node has said its last. */
  get ended(): boolean {
    return this.#ended;
  }

  /** How the connection broke, if it did. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Bytes that have come and belong to no answer that was taken. */
  get pendingBytes(): number {
    return this.#reader.pendingBytes;
  }

  /** Sends, and waits until the node has taken it; gives up silently when it does not, or the connection is gone. */
  async send(data: string | Uint8Array, patienceMs = PATIENCE_MS): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) return;
    if (socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        socket.off('drain', done).off('close', done);
        resolve();
      };
      const timer = setTimeout(done, patienceMs);
      socket.once('drain', done).once('close', done);
    });
  }

  /** Sends without waiting for the node to take it. */
  push(data: string | Uint8Array): void {
    if (!this.#socket.destroyed && this.#socket.writable)
      this.#socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /**
   * The next answer; undefined: the connection ended without one, or none came in time.
   * @throws AnswerFault
   */
  async answer({ toHead = false, toStream = false, patienceMs = PATIENCE_MS } = {}): Promise<Answer | undefined> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const answer = this.#reader.next({ toHead, toStream, ended: this.#ended });
      if (answer && answer.status >= 200) return answer;
      if (answer) continue;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0) return undefined;
      await this.#heard(left);
    }
  }

  /** Until bytes come, the node ends the connection, or that time is over. */
  async heard(waitMs: number): Promise<void> {
    if (!this.#ended && this.#reader.pendingBytes === 0) await this.#heard(waitMs);
  }

  #heard(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Stops taking what the node sends. */
  pause(): void {
    this.#socket.pause();
  }

  /** No more will be sent; answers are still read. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Breaks the connection off with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}

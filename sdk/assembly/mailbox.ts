import { decode, encode, startOf, takeInput, takeResult, takeText } from './bytes';
import { Header } from './headers';
import { headJson, input, InputInfo } from './input';
import * as abi from './pluvio_v1';
import { done, Result, Status } from './status';

/** A message that the worker has taken. It is over when the worker takes the next one. */
export class Message {
  constructor(
    readonly info: InputInfo,
    readonly body: Uint8Array,
  ) {}

  /**
   * The body as text.
   *
   * @example mailbox.send("examples", encode("hi")); assert(mailbox.receive(5000).value.text == "hi");
   */
  get text(): string {
    return decode(this.body);
  }

  /**
   * Answers it, once. Ends the call where nobody waits for an answer; `info.expectsReply` tells.
   *
   * @example mailbox.send("examples", encode("hi")); const m = mailbox.receive(5000).value; if (m.info.expectsReply) m.reply(encode("ho"));
   */
  reply(body: Uint8Array): void {
    this.tryReply(body).expect();
  }

  /**
   * As `reply`; `STATE`: nobody waits for an answer.
   *
   * @example mailbox.send("examples", encode("hi")); assert(mailbox.receive(5000).value.tryReply(encode("ho")).name == "STATE");
   */
  tryReply(body: Uint8Array): Status {
    return new Status(abi.reply(startOf(body), body.length), 'message.reply');
  }

  /**
   * Answers an HTTP request; `STATE`: nobody waits for an answer.
   *
   * @example mailbox.send("examples", encode("hi")); assert(mailbox.receive(5000).value.replyHttp(204).name == "STATE");
   */
  replyHttp(status: i32, headers: Header[] = [], body: Uint8Array = new Uint8Array(0)): Status {
    const head = headJson(status, headers);
    return new Status(abi.reply_http(startOf(head), head.length, startOf(body), body.length), 'message.replyHttp');
  }

  /**
   * Who waits gets the error `FAILED` with this text; `STATE`: nobody waits for an answer.
   *
   * @example mailbox.send("examples", encode("hi")); assert(mailbox.receive(5000).value.replyError("no").name == "STATE");
   */
  replyError(text: string): Status {
    const bytes = encode(text);
    return new Status(abi.reply_error(startOf(bytes), bytes.length), 'message.replyError');
  }
}

/** Messages between workers. Capabilities `mailbox.receive`, and `mailbox.send` by the name of the receiver. */
export namespace mailbox {
  /**
   * Takes the next message, waiting for it; a negative time: for ever. `TIMEOUT`: none came in time.
   *
   * @example assert(mailbox.receive(0).name == "TIMEOUT");
   */
  export function receive(timeoutMs: i64 = abi.FOREVER): Result<Message> {
    const length = abi.recv(timeoutMs);
    if (length < 0)
      return new Result<Message>(length, 'mailbox.receive', '', new Message(new InputInfo(), new Uint8Array(0)));
    return new Result<Message>(length, '', '', new Message(input.info()!, takeInput()));
  }

  /**
   * Sends a message and does not wait. It leaves when the current input is durable.
   *
   * @example mailbox.send("echo", encode("hi"));
   */
  export function send(to: string, body: Uint8Array): void {
    const name = encode(to);
    done('mailbox.send ' + to, abi.send(startOf(name), name.length, startOf(body), body.length));
  }

  /**
   * Sends a message and waits for the reply; a negative time: for ever. `FAILED`: the other one failed, `message` says how.
   *
   * @example assert(decode(mailbox.call("echo", encode("hi"), 5000).value) == "hi"); assert(mailbox.call("echo", encode("fail")).name == "FAILED");
   */
  export function call(to: string, body: Uint8Array, timeoutMs: i64 = abi.FOREVER): Result<Uint8Array> {
    const name = encode(to);
    const length = abi.call(startOf(name), name.length, startOf(body), body.length, timeoutMs);
    if (length >= 0) return new Result<Uint8Array>(length, '', '', takeResult(length));
    return new Result<Uint8Array>(length, 'mailbox.call ' + to, failureText(length), new Uint8Array(0));
  }
}

/** What who was asked said of its failure. */
export function failureText(code: i32): string {
  if (code != abi.FAILED) return '';
  const length = abi.result_length();
  return length < 0 ? '' : takeText(length);
}

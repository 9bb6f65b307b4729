import * as abi from './pluvio_v1';

/**
 * The name of a status: `OK`, or that of an error code of the host ABI (docs/abi.md).
 *
 * @example assert(statusName(-4) == "NOT_FOUND"); assert(statusName(0) == "OK");
 */
export function statusName(code: i64): string {
  if (code >= 0) return 'OK';
  switch (<i32>code) {
    case abi.INVALID:
      return 'INVALID';
    case abi.FAULT:
      return 'FAULT';
    case abi.DENIED:
      return 'DENIED';
    case abi.NOT_FOUND:
      return 'NOT_FOUND';
    case abi.QUOTA:
      return 'QUOTA';
    case abi.TOO_LARGE:
      return 'TOO_LARGE';
    case abi.TIMEOUT:
      return 'TIMEOUT';
    case abi.CANCELLED:
      return 'CANCELLED';
    case abi.STATE:
      return 'STATE';
    case abi.FAILED:
      return 'FAILED';
    case abi.INTERRUPTED:
      return 'INTERRUPTED';
    case abi.UNAVAILABLE:
      return 'UNAVAILABLE';
    default:
      return 'ERROR ' + code.toString();
  }
}

/** How something ended that may fail through no fault of the program. */
export class Status {
  constructor(
    /** 0 or more: it was done. Less: an error code of the host ABI. */
    readonly code: i32,
    /** What was asked for, for messages. */
    readonly what: string = '',
    /** What who was asked said of its failure; empty: nothing. */
    readonly message: string = '',
  ) {}

  /**
   * Whether it was done.
   *
   * @example assert(kv.trySet("k", encode("v")).ok);
   */
  get ok(): bool {
    return this.code >= 0;
  }

  /**
   * The name of the status, `OK` or an error.
   *
   * @example assert(kv.trySet("k", encode("v")).name == "OK");
   */
  get name(): string {
    return statusName(this.code);
  }

  /**
   * Ends the call of the export with a trap unless it was done; what failed and the name of the status are logged.
   *
   * @example kv.trySet("k", encode("v")).expect();
   */
  expect(): void {
    if (!this.ok) abort(`${this.what}: ${this.name}${this.message.length > 0 ? ` (${this.message})` : ''}`);
  }
}

/** A `Status` with a value. */
export class Result<T> extends Status {
  constructor(
    code: i32,
    what: string,
    message: string,
    private readonly held: T,
  ) {
    super(code, what, message);
  }

  /**
   * The value; ends the call of the export with a trap if there is none, as `expect` does.
   *
   * @example assert(decode(mailbox.call("echo", encode("hi")).value) == "hi");
   */
  get value(): T {
    this.expect();
    return this.held;
  }

  /**
   * The value, or another one where there is none.
   *
   * @example assert(mailbox.call("nobody", encode("hi")).or(encode("none")).length == 4);
   */
  or(other: T): T {
    return this.ok ? this.held : other;
  }
}

/** Ends the call of the export with a trap if the code is an error; gives it back otherwise. */
export function done(what: string, code: i32): i32 {
  if (code < 0) abort(`${what}: ${statusName(code)}`);
  return code;
}

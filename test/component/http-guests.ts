/** Components that answer HTTP requests in ways that are not kind to their host. */
import { wasiComponent } from './wasi-component.ts';

const WORLD = `
  import wasi:http/types@VERSION;
  import wasi:clocks/monotonic-clock@VERSION;
  export wasi:http/incoming-handler@VERSION;`;

/** Memory, an allocator that starts over at each call, and the imports of those below. */
const LIBRARY = `
  (import "wasi:http/types@VERSION" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@VERSION" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@VERSION" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@VERSION" "[method]outgoing-body.write" (func $stream (param i32 i32)))
  (import "wasi:http/types@VERSION" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@VERSION" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:io/streams@VERSION" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@VERSION" "[resource-drop]output-stream" (func $drop-stream (param i32)))
  (import "wasi:io/poll@VERSION" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@VERSION" "[resource-drop]pollable" (func $drop-pollable (param i32)))
  (import "wasi:clocks/monotonic-clock@VERSION" "subscribe-duration" (func $after (param i64) (result i32)))
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
  (func $sleep (param $ns i64)
    (local $pollable i32)
    (local.set $pollable (call $after (local.get $ns)))
    (call $block (local.get $pollable))
    (call $drop-pollable (local.get $pollable)))
  ;; Begins an answer; its body is at 0, its stream at 4.
  (func $answer (param $out i32)
    (local $response i32)
    (local.set $response (call $response (call $fields)))
    (call $body (local.get $response) (i32.const 16))
    (i32.store (i32.const 0) (i32.load (i32.const 20)))
    (call $set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $stream (i32.load (i32.const 0)) (i32.const 16))
    (i32.store (i32.const 4) (i32.load (i32.const 20))))
  ;; Writes those bytes; gives whether the stream took them.
  (func $put (param $at i32) (param $bytes i32) (result i32)
    (call $write (i32.load (i32.const 4)) (local.get $at) (local.get $bytes) (i32.const 16))
    (i32.eqz (i32.load8_u (i32.const 16))))
  (func $end
    (call $drop-stream (i32.load (i32.const 4)))
    (call $finish (i32.load (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 16)))`;

/** Answers the first request with a tick every few milliseconds, until nobody takes them; every other one with how often that was so: `1`. */
export const tickingServer = (): Promise<Uint8Array> =>
  wasiComponent(
    `(module ${LIBRARY}
      (data (i32.const 32) "tick")
      (global $closed (mut i32) (i32.const 0))
      (global $seen (mut i32) (i32.const 0))
      (func (export "wasi:http/incoming-handler@VERSION#handle") (param $request i32) (param $out i32)
        (call $answer (local.get $out))
        (if (global.get $seen)
          (then
            (i32.store8 (i32.const 40) (i32.add (i32.const 48) (global.get $closed)))
            (drop (call $put (i32.const 40) (i32.const 1))))
          (else
            (global.set $seen (i32.const 1))
            (loop $tick
              (call $sleep (i64.const 2000000))
              (br_if $tick (call $put (i32.const 32) (i32.const 4))))
            (global.set $closed (i32.add (global.get $closed) (i32.const 1)))))
        (call $end)))`,
    WORLD,
  );

/** Answers with the body of the request, each part as it comes; a body that breaks off with `!` at the end. */
export const echoServer = (): Promise<Uint8Array> =>
  wasiComponent(
    `(module
      (import "wasi:http/types@VERSION" "[method]incoming-request.consume" (func $consume (param i32 i32)))
      (import "wasi:http/types@VERSION" "[method]incoming-body.stream" (func $open (param i32 i32)))
      (import "wasi:io/streams@VERSION" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
      ${LIBRARY}
      (data (i32.const 32) "!")
      (func (export "wasi:http/incoming-handler@VERSION#handle") (param $request i32) (param $out i32)
        (local $input i32)
        (call $consume (local.get $request) (i32.const 16))
        (call $open (i32.load (i32.const 20)) (i32.const 16))
        (local.set $input (i32.load (i32.const 20)))
        (call $answer (local.get $out))
        (loop $more
          (call $read (local.get $input) (i64.const 4096) (i32.const 16))
          (if (i32.eqz (i32.load8_u (i32.const 16)))
            (then (br_if $more (call $put (i32.load (i32.const 20)) (i32.load (i32.const 24)))))
            (else
              ;; last-operation-failed is 0, closed is 1
              (if (i32.eqz (i32.load8_u (i32.const 20)))
                (then (drop (call $put (i32.const 32) (i32.const 1))))))))
        (call $end)))`,
    WORLD,
  );

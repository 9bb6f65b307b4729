/** A component that has its host hold as much as it can: each attack goes on until it traps, or is given up. */
import { wasiComponent } from './wasi-component.ts';

/** What each does; the argument of the export `attack` is its place here. */
export const ATTACKS = {
  nothing: 'returns',
  fields: 'header fields of 60,000 bytes, kept',
  headers: 'a thousand header fields of one byte each, kept',
  clones: 'clones of fields of 60,000 bytes',
  bodies: 'requests whose bodies are written as long as they take anything; pollables of their streams kept',
  bytes: 'the same, byte by byte',
  waits: 'polls of a request that nobody answers, a thousand times over, with a clock that ends each',
  answers: 'requests whose answers of 4 MB are never read',
  dropped: 'requests with a body of 64 KiB that are given up at once',
  texts: 'requests with paths of 60,000 bytes',
  output: 'standard output, byte by byte',
  answering: 'an answer to an HTTP request, byte by byte',
} as const;

export type Attack = keyof typeof ATTACKS;

const WORLD = `
  import wasi:http/types@VERSION;
  import wasi:http/outgoing-handler@VERSION;
  import wasi:clocks/monotonic-clock@VERSION;
  import wasi:cli/stdout@VERSION;
  export wasi:http/incoming-handler@VERSION;
  export attack: func(which: u32, authority: string);`;

const [TYPES, STREAMS, POLL] = ['wasi:http/types@VERSION', 'wasi:io/streams@VERSION', 'wasi:io/poll@VERSION'];

const IMPORTS = `
  (import "${TYPES}" "[constructor]fields" (func $fields (result i32)))
  (import "${TYPES}" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "${TYPES}" "[method]fields.clone" (func $clone (param i32) (result i32)))
  (import "${TYPES}" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "${TYPES}" "[method]outgoing-request.body" (func $request-body (param i32 i32)))
  (import "${TYPES}" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "${TYPES}" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "${TYPES}" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
  (import "${TYPES}" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "${TYPES}" "[method]outgoing-response.body" (func $response-body (param i32 i32)))
  (import "${TYPES}" "[method]outgoing-body.write" (func $stream (param i32 i32)))
  (import "${TYPES}" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "${TYPES}" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "${TYPES}" "[resource-drop]outgoing-request" (func $drop-request (param i32)))
  (import "${TYPES}" "[resource-drop]outgoing-body" (func $drop-body (param i32)))
  (import "${TYPES}" "[resource-drop]future-incoming-response" (func $drop-future (param i32)))
  (import "${TYPES}" "[method]future-incoming-response.subscribe" (func $subscribe-future (param i32) (result i32)))
  (import "wasi:http/outgoing-handler@VERSION" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "${STREAMS}" "[method]output-stream.check-write" (func $check (param i32 i32)))
  (import "${STREAMS}" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
  (import "${STREAMS}" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))
  (import "${STREAMS}" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "${STREAMS}" "[resource-drop]output-stream" (func $drop-stream (param i32)))
  (import "${POLL}" "poll" (func $poll (param i32 i32 i32)))
  (import "${POLL}" "[resource-drop]pollable" (func $drop-pollable (param i32)))
  (import "wasi:clocks/monotonic-clock@VERSION" "subscribe-duration" (func $after (param i64) (result i32)))
  (import "wasi:cli/stdout@VERSION" "get-stdout" (func $stdout (result i32)))`;

/** 0: what calls give; 32: a letter; 4096: the authority; 65,536: a text of 60,000 letters; 131,072: handles. */
const FUNCTIONS = `
  (memory (export "memory") 4)
  (global $authority-bytes (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (result i32) (i32.ge_u (local.get 3) (i32.const 256)) (then (i32.const 131072)) (else (i32.const 4096))))
  (func $failed (result i32) (i32.load8_u (i32.const 0)))
  ;; Appends a field with so many letters; gives whether it failed.
  (func $field (param $self i32) (param $bytes i32) (result i32)
    (call $append (local.get $self) (i32.const 65536) (i32.const 1) (i32.const 65536) (local.get $bytes) (i32.const 0))
    (call $failed))
  (func $new-request (result i32)
    (local $self i32)
    (local.set $self (call $request (call $fields)))
    (drop (call $scheme (local.get $self) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $self) (i32.const 1) (i32.const 4096) (global.get $authority-bytes)))
    (local.get $self))
  ;; Sends a request for so many letters of a path; gives its future, or 0.
  (func $send (param $self i32) (result i32)
    (call $handle (local.get $self) (i32.const 0) (i32.const 0) (i32.const 0))
    (if (result i32) (call $failed) (then (i32.const 0)) (else (i32.load (i32.const 8)))))
  ;; Fills a body, so many bytes at a time, as far as it takes them, or that far.
  (func $fill (param $stream i32) (param $at-once i32) (param $most i32)
    (local $bytes i32)
    (loop $more
      (call $check (local.get $stream) (i32.const 0))
      (if (call $failed) (then (return)))
      (local.set $bytes (i32.wrap_i64 (i64.load (i32.const 8))))
      (if (i32.gt_u (local.get $bytes) (local.get $at-once)) (then (local.set $bytes (local.get $at-once))))
      (if (i32.eqz (local.get $bytes)) (then (return)))
      (call $write (local.get $stream) (i32.const 65536) (local.get $bytes) (i32.const 0))
      (if (call $failed) (then (return)))
      (local.set $most (i32.sub (local.get $most) (local.get $bytes)))
      (br_if $more (i32.gt_s (local.get $most) (i32.const 0)))))
  ;; A body and its stream, at 16 and 20.
  (func $open-body (param $request i32)
    (call $request-body (local.get $request) (i32.const 0))
    (if (call $failed) (then (unreachable)))
    (i32.store (i32.const 16) (i32.load (i32.const 4)))
    (call $stream (i32.load (i32.const 16)) (i32.const 0))
    (if (call $failed) (then (unreachable)))
    (i32.store (i32.const 20) (i32.load (i32.const 4))))
  (func $a-fields (param $bytes i32)
    (local $self i32)
    (loop $again
      (local.set $self (call $fields))
      (loop $more (br_if $more (i32.eqz (call $field (local.get $self) (local.get $bytes)))))
      (br $again)))
  (func $a-clones
    (local $self i32)
    (local.set $self (call $fields))
    (drop (call $field (local.get $self) (i32.const 60000)))
    (loop $again (drop (call $clone (local.get $self))) (br $again)))
  (func $a-bodies (param $at-once i32)
    (local $request i32)
    (loop $again
      (local.set $request (call $new-request))
      (call $open-body (local.get $request))
      (call $fill (i32.load (i32.const 20)) (local.get $at-once) (i32.const 0x40000000))
      (drop (call $subscribe (i32.load (i32.const 20))))
      (call $drop-stream (i32.load (i32.const 20)))
      (call $drop-body (i32.load (i32.const 16)))
      (call $drop-request (local.get $request))
      (br $again)))
  (func $a-waits
    (local $at i32) (local $pollable i32)
    (local.set $pollable (call $subscribe-future (call $send (call $new-request))))
    (local.set $at (i32.const 65536))
    (loop $fill
      (i32.store (local.get $at) (local.get $pollable))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $fill (i32.lt_u (local.get $at) (i32.const 69536))))
    (loop $again
      (i32.store (i32.const 69536) (call $after (i64.const 1)))
      (call $poll (i32.const 65536) (i32.const 1001) (i32.const 0))
      (call $drop-pollable (i32.load (i32.const 69536)))
      (br $again)))
  (func $a-answers (loop $again (br_if $again (call $send (call $new-request)))))
  (func $a-dropped
    (local $request i32) (local $future i32)
    (loop $again
      (local.set $request (call $new-request))
      (call $open-body (local.get $request))
      (call $fill (i32.load (i32.const 20)) (i32.const 60000) (i32.const 60000))
      (call $drop-stream (i32.load (i32.const 20)))
      (call $finish (i32.load (i32.const 16)) (i32.const 0) (i32.const 0) (i32.const 0))
      (local.set $future (call $send (local.get $request)))
      (if (local.get $future) (then (call $drop-future (local.get $future))))
      (br $again)))
  (func $a-texts
    (i32.store8 (i32.const 65536) (i32.const 47))
    (loop $again
      (drop (call $path (call $new-request) (i32.const 1) (i32.const 65536) (i32.const 60000)))
      (br $again)))
  (func $a-output
    (local $stream i32)
    (local.set $stream (call $stdout))
    (loop $again (call $put (local.get $stream) (i32.const 65536) (i32.const 1) (i32.const 0)) (br $again)))
  (func (export "attack") (param $which i32) (param $at i32) (param $bytes i32)
    (global.set $authority-bytes (local.get $bytes))
    (memory.fill (i32.const 65536) (i32.const 97) (i32.const 60000))
    (block $answering (block $output (block $texts (block $dropped (block $answers (block $waits (block $bytes-1
      (block $bodies (block $clones (block $headers (block $fields-1 (block $nothing
        (br_table $nothing $fields-1 $headers $clones $bodies $bytes-1 $waits $answers $dropped $texts $output $answering
          (local.get $which)))
        (return))
        (call $a-fields (i32.const 60000)) (return))
        (call $a-fields (i32.const 1)) (return))
        (call $a-clones) (return))
        (call $a-bodies (i32.const 60000)) (return))
        (call $a-bodies (i32.const 1)) (return))
        (call $a-waits) (return))
        (call $a-answers) (return))
        (call $a-dropped) (return))
        (call $a-texts) (return))
        (call $a-output) (return)))
  (func (export "wasi:http/incoming-handler@VERSION#handle") (param $request i32) (param $out i32)
    (local $response i32)
    (local.set $response (call $response (call $fields)))
    (call $response-body (local.get $response) (i32.const 0))
    (i32.store (i32.const 16) (i32.load (i32.const 4)))
    (call $set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $stream (i32.load (i32.const 16)) (i32.const 0))
    (call $fill (i32.load (i32.const 4)) (i32.const 1) (i32.const 0x40000000)))`;

export const hostileComponent = (): Promise<Uint8Array> => wasiComponent(`(module ${IMPORTS} ${FUNCTIONS})`, WORLD);

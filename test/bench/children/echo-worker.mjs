// What workerd serves in the benchmark `http`: the same module as ours, its imports written here.
import module from './echo.wasm';

let input = new Uint8Array();
let outputs = [];
const { exports } = new WebAssembly.Instance(module, {
  pluvio_v1: {
    input_read(pointer, length, offset) {
      const piece = input.subarray(offset, offset + length);
      new Uint8Array(exports.memory.buffer, pointer, length).set(piece);
      return piece.length;
    },
    output_write(pointer, length) {
      outputs.push(new Uint8Array(exports.memory.buffer, pointer, length).slice());
      return 0;
    },
  },
});

/** Bytes through the calls of the host. */
function echoBytes(bytes) {
  input = bytes;
  outputs = [];
  exports.echo();
  return new Response(outputs.length === 1 ? outputs[0] : new Blob(outputs));
}

/** A number in JSON, as `{"args":[…]}`. */
function echoNumber(bytes) {
  const { args } = JSON.parse(new TextDecoder().decode(bytes));
  const outcome = { kind: 'returned', values: [exports.echo(args[0])] };
  return new Response(JSON.stringify({ outcome }), { headers: { 'content-type': 'application/json' } });
}

const isBytes = WebAssembly.Module.imports(module).length > 0;

export default {
  async fetch(request) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return isBytes ? echoBytes(bytes) : echoNumber(bytes);
  },
};

import initWabt from 'wabt';

const FEATURES = { exceptions: true, tail_call: true, multi_memory: true, memory64: true, threads: true };

/** The binary of a module in the text format. */
export async function assembleModule(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await initWabt();
  const module = wabt.parseWat('module.wat', text, FEATURES);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** Every template: what it is for. */
export const TEMPLATES = {
  'assemblyscript-service': 'typed functions over keys and values, in AssemblyScript',
  'assemblyscript-http': 'answers HTTP requests, in AssemblyScript',
  'stateful-agent': 'waits for messages and timers and remembers, in AssemblyScript',
  'c-program': 'a command of WASI 0.1 in C',
  'rust-service': 'functions over keys and values, in Rust',
  'rust-program': 'a command of WASI 0.1 in Rust',
  'js-component': 'functions that remember, in JavaScript, as a component',
} as const;

/** What a new project can be made from. */
export type TemplateName = keyof typeof TEMPLATES;

/** Whether there is a template of that name. */
export const isTemplate = (name: string): name is TemplateName => Object.hasOwn(TEMPLATES, name);

/** Imports the entries that are named, and tells what each exports, as JSON. */
const names: Record<string, readonly string[]> = {};
for (const specifier of process.argv.slice(2)) {
  names[specifier] = Object.keys((await import(specifier)) as object).sort(); // a module namespace is an object
}
console.log(JSON.stringify(names));

export {};

/** The count is a variable, and nothing else keeps it. */
let count: i32 = 0;

/** Counts, and takes its time: it is often stopped in the middle of it. */
export function add(by: i32): i32 {
  const before = count;
  let noise: u32 = 1;
  for (let i = 0; i < 4000000; i++) noise = noise * 1664525 + 1013904223;
  count = before + by + (noise == 0 ? 1 : 0);
  return count;
}

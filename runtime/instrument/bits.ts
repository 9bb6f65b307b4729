/** Sets of small integers as rows of one Uint32Array: no object per set. All sets of a table have the same width. */
export class BitTable {
  words = 1;
  data: Uint32Array = new Uint32Array(64);

  /** Makes room for `sets` sets over `size` members and empties them. */
  reset(size: number, sets: number): void {
    this.words = Math.max(1, (size + 31) >>> 5);
    const needed = this.words * sets;
    if (this.data.length < needed) this.data = new Uint32Array(needed * 2);
    else this.data.fill(0, 0, needed);
  }

  has(set: number, member: number): boolean {
    return ((this.data[set * this.words + (member >>> 5)] ?? 0) & (1 << (member & 31))) !== 0;
  }

  add(set: number, member: number): void {
    const at = set * this.words + (member >>> 5);
    this.data[at] = (this.data[at] ?? 0) | (1 << (member & 31));
  }

  remove(set: number, member: number): void {
    const at = set * this.words + (member >>> 5);
    this.data[at] = (this.data[at] ?? 0) & ~(1 << (member & 31));
  }

  copy(to: number, from: number): void {
    const { data, words } = this;
    for (let word = 0; word < words; word++) data[to * words + word] = data[from * words + word] ?? 0;
  }

  clear(set: number): void {
    this.data.fill(0, set * this.words, (set + 1) * this.words);
  }

  /** Adds the members of `from` to `to`; says whether that changed it. */
  merge(to: number, from: number): boolean {
    const { data, words } = this;
    let changed = false;
    for (let word = 0; word < words; word++) {
      const old = data[to * words + word] ?? 0;
      const merged = (old | (data[from * words + word] ?? 0)) >>> 0;
      if (merged !== old) changed = true;
      data[to * words + word] = merged;
    }
    return changed;
  }

  /** The members in ascending order. */
  members(set: number): number[] {
    const found: number[] = [];
    for (let word = 0; word < this.words; word++) {
      let rest = this.data[set * this.words + word] ?? 0;
      while (rest !== 0) {
        const bit = 31 - Math.clz32(rest & -rest);
        found.push(word * 32 + bit);
        rest &= rest - 1;
      }
    }
    return found;
  }
}

/**
 * What happens, as it happens: a line for each event and, on a terminal, below them a bar for each program that shows on which
 * node each part of its output was made.
 */
import { styleText } from 'node:util';
import { formatPercent } from './format.ts';

/** A row fits into 80 columns: longer ones would wrap and spoil the redrawing. */
const BAR_CELLS = 40;
const REDRAW_MS = 80;
const NODE_COLORS = ['cyan', 'magenta'] as const;
const NAME_WIDTH = 10;

interface Row {
  readonly cells: number[];
  fraction: number;
  node: number;
  state: string;
}

export class Timeline {
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #nodes: readonly string[];
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #startedMs = performance.now();
  #drawnRows = 0;
  #drawnMs = 0;

  constructor(out: NodeJS.WriteStream, nodes: readonly string[], programs: readonly string[]) {
    this.#out = out;
    this.#live = out.isTTY && process.env['TERM'] !== 'dumb';
    this.#nodes = nodes;
    this.#rows = new Map(programs.map((name) => [name, { cells: [], fraction: 0, node: 0, state: 'starting' }]));
  }

  /** Prints a line about a program, or about all. */
  event(text: string, program = ''): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(6);
    this.#erase();
    this.#out.write(`${seconds} s  ${program.padEnd(NAME_WIDTH)} ${text}\n`);
    this.#draw();
  }

  /** Output of a program has come so far, from the node of that number. */
  progress(program: string, fraction: number, node: number): void {
    this.#change(program, (row) => {
      row.fraction = fraction;
      row.node = node;
      for (let cell = row.cells.length; cell < Math.floor(fraction * BAR_CELLS); cell++) row.cells.push(node);
    });
  }

  state(program: string, state: string): void {
    this.#change(program, (row) => {
      row.state = state;
    });
  }

  /** Prints the bars one last time; nothing is redrawn after that. */
  finish(): void {
    this.#erase();
    for (const [name, row] of this.#rows) this.#out.write(`${this.#line(name, row)}\n`);
  }

  #change(program: string, change: (row: Row) => void): void {
    const row = this.#rows.get(program);
    if (!row) return;
    change(row);
    if (performance.now() - this.#drawnMs < REDRAW_MS) return;
    this.#erase();
    this.#draw();
  }

  #erase(): void {
    if (this.#drawnRows > 0) this.#out.write(`\u001b[${this.#drawnRows}A\u001b[J`);
    this.#drawnRows = 0;
  }

  #draw(): void {
    if (!this.#live) return;
    for (const [name, row] of this.#rows) this.#out.write(`${this.#line(name, row)}\n`);
    this.#drawnRows = this.#rows.size;
    this.#drawnMs = performance.now();
  }

  #line(name: string, { cells, fraction, state }: Row): string {
    const bar = cells.map((node) => this.#cell(node)).join('') + '·'.repeat(BAR_CELLS - cells.length);
    return `  ${name.padEnd(NAME_WIDTH)} ${bar} ${formatPercent(fraction).padStart(5)}  ${state}`;
  }

  #cell(node: number): string {
    const letter = this.#nodes[node] ?? '?';
    return styleText(NODE_COLORS[node] ?? 'white', letter, { stream: this.#out });
  }
}

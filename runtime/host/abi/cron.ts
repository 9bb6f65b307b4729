/**
 * Cron expressions: `minute hour day month weekday`, in UTC.
 *
 * Each field is a star or a list of numbers and ranges `a-b`, each of them with a step `/n` behind it if wanted; months and weekdays also by their
 * English names, three letters.
 * Weekday 7 is 0, Sunday. If both day and weekday are restricted, a day that fits one of them fits.
 */

interface FieldRow {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS = {
  minute: { min: 0, max: 59, names: [] },
  hour: { min: 0, max: 23, names: [] },
  day: { min: 1, max: 31, names: [] },
  month: { min: 1, max: 12, names: MONTHS },
  weekday: { min: 0, max: 7, names: DAYS },
} as const satisfies Record<string, FieldRow>;

type FieldName = keyof typeof FIELDS;
type Cron = Readonly<Record<FieldName, ReadonlySet<number>>> & {
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** From one 29 February to the next there can be eight years; that a weekday falls on it, forty. */
const SEARCH_DAYS = 366 * 41;

const PART = /^(?:\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:\/([0-9]{1,4}))?$/;

function valueOf(text: string, { min, max, names }: FieldRow): number | undefined {
  const named = names.indexOf(text);
  const value = named >= 0 ? named + min : /^[0-9]{1,2}$/.test(text) ? Number(text) : -1;
  return value >= min && value <= max ? value : undefined;
}

function parseField(text: string, row: FieldRow): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = PART.exec(part);
    if (match === null) return undefined;
    const [, from, to, every] = match;
    const step = every === undefined ? 1 : Number(every);
    const first = from === undefined ? row.min : valueOf(from, row);
    const open = from === undefined || (to === undefined && every !== undefined);
    const last = open ? row.max : valueOf(to ?? from, row);
    if (first === undefined || last === undefined || first > last || step === 0) return undefined;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function parseCron(expression: string): Cron | undefined {
  const texts = expression.trim().toLowerCase().split(/\s+/);
  const names = Object.keys(FIELDS) as FieldName[];
  if (texts.length !== names.length) return undefined;
  const fields = names.map((name, index) => [name, parseField(texts[index] ?? '', FIELDS[name])] as const);
  if (fields.some(([, values]) => values === undefined)) return undefined;
  const parsed = Object.fromEntries(fields) as Record<FieldName, Set<number>>; // none is undefined
  if (parsed.weekday.has(7)) parsed.weekday.add(0);
  return { ...parsed, anyDay: texts[2]?.startsWith('*') === true, anyWeekday: texts[4]?.startsWith('*') === true };
}

export const isCron = (expression: string): boolean => parseCron(expression) !== undefined;

function fitsDay(cron: Cron, date: Date): boolean {
  if (!cron.month.has(date.getUTCMonth() + 1)) return false;
  const day = cron.day.has(date.getUTCDate());
  const weekday = cron.weekday.has(date.getUTCDay());
  return cron.anyDay || cron.anyWeekday ? day && weekday : day || weekday;
}

/**
 * The first moment behind `afterMs` that the expression names; undefined: it is not an expression, or there is none.
 * Times are milliseconds since 1970.
 */
export function nextCron(expression: string, afterMs: number): number | undefined {
  const cron = parseCron(expression);
  if (cron === undefined) return undefined;
  const firstMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  const firstDayMs = Math.floor(firstMs / DAY_MS) * DAY_MS;
  for (let day = 0; day < SEARCH_DAYS; day++) {
    const dayMs = firstDayMs + day * DAY_MS;
    if (!fitsDay(cron, new Date(dayMs))) continue;
    for (let hour = 0; hour < 24; hour++) {
      if (!cron.hour.has(hour)) continue;
      for (let minute = 0; minute < 60; minute++) {
        const atMs = dayMs + (hour * 60 + minute) * MINUTE_MS;
        if (cron.minute.has(minute) && atMs >= firstMs) return atMs;
      }
    }
  }
  return undefined;
}

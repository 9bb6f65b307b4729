import { PluvioError } from '../errors/index.ts';
import { checkValue, type Schema } from './schema-check.ts';

export type QueryValue = string | number | boolean | readonly string[];
export type Query = Readonly<Record<string, QueryValue>>;

/**
 * Reads a query string by the types of its schema and checks it; an array takes a repeated parameter.
 * @throws PluvioError `REQUEST_INVALID`
 */
export function parseQuery(schema: Schema | undefined, search: URLSearchParams): Query {
  // Without a prototype, so that no name has a meaning of its own.
  const query = Object.create(null) as Record<string, QueryValue>;
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    const type =
      schema?.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name]?.type : undefined;
    if (type !== 'array' && values.length > 1) {
      throw new PluvioError('REQUEST_INVALID', `query.${name}: is given ${values.length} times`, {
        field: `query.${name}`,
      });
    }
    query[name] = type === 'array' ? values : parseOne(type, values[0] ?? '');
  }
  checkValue(schema ?? { type: 'object' }, query, 'query');
  return query;
}

/** A number of a checked query; undefined: it is not there. */
export const numberOf = (query: Query, name: string): number | undefined => {
  const value = query[name];
  return typeof value === 'number' ? value : undefined;
};

/** A text that does not read as its type stays a text, so that the check names it. */
function parseOne(type: Schema['type'], text: string): QueryValue {
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === '')) return true;
  if (type === 'boolean' && text === 'false') return false;
  return text;
}

/** A label of WIT as a name in JavaScript: `link-count` is `linkCount`, `HTTP-port` is `httpPort`. */
export const fieldName = (label: string): string =>
  label.toLowerCase().replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** A label of WIT as a name in JavaScript: `link-count` is `linkCount`. */
export const fieldName = (label: string): string =>
  label.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

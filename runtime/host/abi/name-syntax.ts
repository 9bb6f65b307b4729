const NAME = /^[^\0-\x1f\x7f]+$/;

/** Whether text is a name: not empty, without control characters. */
export const isName = (text: string): boolean => NAME.test(text);

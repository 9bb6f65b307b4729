// Written by `pluvio types` from the component of my-things.

export interface Point {
  x: number;
  yPos?: number;
}

export type Colour = "red" | "dark-green";

export interface Access {
  read: boolean;
  writeAll: boolean;
}

export type Shape = { tag: "circle"; val: number } | { tag: "empty-one" };

export interface Everything {
  points: Point[];
  bytes: Uint8Array;
  wides: bigint[];
  pair: [bigint, string];
  maybe?: string;
  nested?: { tag: "some"; val?: string };
  outcome: { tag: "ok"; val: Point } | { tag: "err"; val: string };
  colour: Colour;
  access: Access;
  shape: Shape;
  letter: string;
  isWell: boolean;
  half: number;
}

export interface MyThings {
  echoAll(what: Everything): Everything;
  firstOf(a: string, p1: string): string;
  fail(): null;
  countAll(): number;
  "local:things/shop@1.0.0#reset"(): number;
  "local:things/yard@1.0.0#reset"(): number;
}

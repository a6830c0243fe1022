import { expect, test } from "vitest";
import { flawOf } from "#serving/json-body.ts";

test.for([
  ["an object", '{"a":[1,2,{"b":"c"}]}'],
  ["brackets in a string", JSON.stringify("[".repeat(100))],
  ["a quote and a backslash in a string", JSON.stringify({ "\\": '"[\\u[' })],
  ["an escaped surrogate pair", '"\\ud83d\\ude00"'],
  ["a backslash before the letters of an escape", '"\\\\ud83d"'],
  ["characters of four bytes", '"😀"'],
  ["32 levels", "[".repeat(32) + "]".repeat(32)],
  ["many lists side by side", `[${"[],".repeat(1000)}[]]`],
  ["what is not JSON, which the parser will say", '{"a":"\\u12'],
  ["nothing", ""],
])("%s has no flaw", ([, text]) => {
  expect(flawOf(Buffer.from(text ?? ""))).toBeUndefined();
});

test.for([
  ["a high surrogate alone", Buffer.from('"\\ud83d"'), "surrogate"],
  ["a high surrogate before another character", Buffer.from('"\\uD83Dx\\ude00"'), "surrogate"],
  ["two high surrogates", Buffer.from('"\\ud83d\\ud83d"'), "surrogate"],
  ["a low surrogate alone", Buffer.from('"\\uDE00"'), "surrogate"],
  ["33 levels", Buffer.from("[".repeat(33)), "nested"],
  ["the bytes of a surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "UTF-8"],
  ["Latin-1", Buffer.from("é", "latin1"), "UTF-8"],
] as const)("%s is a flaw", ([, body, flaw]) => {
  expect(flawOf(body)).toContain(flaw);
});

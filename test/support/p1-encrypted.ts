import { createCipheriv } from "node:crypto";

/** Keys of a meter of these tests. */
export const P1_KEY = "00112233445566778899aabbccddeef0";
export const P1_AUTHENTICATION_KEY = "00112233445566778899AABBCCDDEEFF";
const TITLE = Buffer.from("SAGtest1");

let counter = 0;

/** A telegram as an encrypting meter sends it, one character for each byte; each with the next frame counter. */
export function encrypted(telegram: string, key = P1_KEY, authenticationKey = P1_AUTHENTICATION_KEY): string {
  counter += 1;
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  const cipher = createCipheriv("aes-128-gcm", Buffer.from(key, "hex"), Buffer.concat([TITLE, count]), {
    authTagLength: 12,
  });
  cipher.setAAD(Buffer.concat([Buffer.from([0x30]), Buffer.from(authenticationKey, "hex")]));
  const content = Buffer.concat([cipher.update(telegram, "latin1"), cipher.final()]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(1 + count.length + content.length + 12);
  const head = Buffer.concat([
    Buffer.from([0xdb, 0x08]),
    TITLE,
    Buffer.from([0x82]),
    length,
    Buffer.from([0x30]),
    count,
  ]);
  return Buffer.concat([head, content, cipher.getAuthTag()]).toString("latin1");
}

/* A self-signed certificate for 127.0.0.1, which is new in each run. */
import { createSign, generateKeyPairSync, randomBytes } from "node:crypto"

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT_ID = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17

/** One element of DER: its tag, the length of its content, and the content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const text = (value: string) => Buffer.from(value, "latin1")
const objectId = (hex: string) => der(OBJECT_ID, Buffer.from(hex, "hex"))
const ECDSA_WITH_SHA256 = der(SEQUENCE, objectId("2a8648ce3d040302"))
const COMMON_NAME = objectId("550403")
const SUBJECT_ALT_NAME = objectId("551d11")

/** The key and the certificate in the form that `node:https` accepts. */
export function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" })
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, text("steadystream test")))))
  const validity = der(SEQUENCE, der(UTC_TIME, text("200101000000Z")), der(UTC_TIME, text("491231235959Z")))
  const address = der(SEQUENCE, der(0x87, Buffer.from([127, 0, 0, 1])))
  const extensions = der(0xa3, der(SEQUENCE, der(SEQUENCE, SUBJECT_ALT_NAME, der(OCTET_STRING, address))))
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.from([1]), randomBytes(8)),
    ECDSA_WITH_SHA256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    extensions,
  )
  const signature = createSign("sha256").update(body).sign(privateKey)
  const certificate = der(SEQUENCE, body, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.from([0]), signature))
  const lines = certificate.toString("base64").replace(/.{64}/g, "$&\n")
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

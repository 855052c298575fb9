/**
 * Returns a 32-bit hash of a name: FNV-1a, and then the last step of MurmurHash3, after which every bit of the name counts
 * for every bit of the hash.
 *
 * @param variant - A small number: each has another hash.
 */
export function hashOf(name: string, variant: number): number {
  let hash = (0x81_1c_9d_c5 ^ variant) >>> 0
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01_00_01_93) >>> 0
  const once = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2_b2_ae_35)
  return (twice ^ (twice >>> 16)) >>> 0
}

/**
 * CRC16 as XMODEM has it: polynomial 0x1021, no reflection, begins with 0. The check value of '123456789' is 0x31C3.
 *
 *   crc = (crc << 8) ^ table[(crc >> 8) ^ byte]
 */
let table: Uint16Array | undefined;

/** The checksum of `bytes` from `from` up to, but not including, `to`. */
export function crc16(bytes: Uint8Array, from: number = 0, to: number = bytes.length): number {
  // Made at first use: importing must do no work.
  const steps = (table ??= tableOf(0x1021));
  let crc = 0;
  for (let at = from; at < to; at++) {
    crc = ((crc << 8) & 0xffff) ^ (steps[(crc >> 8) ^ (bytes[at] as number)] as number);
  }
  return crc;
}

function tableOf(polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ polynomial : crc << 1;
    return crc;
  });
}

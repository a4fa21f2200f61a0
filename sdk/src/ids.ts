/** So many random bytes as hex; never all zero, which W3C Trace Context forbids. */
export function hex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes))
  let text = ''
  for (const byte of random) text += byte.toString(16).padStart(2, '0')
  return /[^0]/.test(text) ? text : hex(bytes)
}

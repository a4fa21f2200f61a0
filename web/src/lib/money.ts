const NANO_DIGITS = 9

/** `"12.345678901"` as integer nano-dollars; zero for what is no decimal number. */
export function nanoOf(usd: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(usd)
  if (match === null) return 0n
  const [, sign, whole = '0', fraction = ''] = match
  const nano = BigInt(whole + fraction.slice(0, NANO_DIGITS).padEnd(NANO_DIGITS, '0'))
  return sign === '-' ? -nano : nano
}

/** Integer nano-dollars as a decimal string of dollars with nine decimals. */
export function usdOf(nano: bigint): string {
  const digits = (nano < 0n ? -nano : nano).toString().padStart(NANO_DIGITS + 1, '0')
  return `${nano < 0n ? '-' : ''}${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`
}

/** The exact sum of decimal strings. */
export function addUsd(amounts: readonly string[]): string {
  return usdOf(amounts.reduce((sum, amount) => sum + nanoOf(amount), 0n))
}

/** `whole` without `part`, never less than nothing. */
export function restUsd(whole: string, part: string): string {
  const rest = nanoOf(whole) - nanoOf(part)
  return usdOf(rest < 0n ? 0n : rest)
}

/** Nano-dollars (1e-9 USD) are the unit of every stored amount. */
const NANO_DIGITS = 9
const NANO_PER_USD = 1e9

/**
 * US dollars as a client writes them → integer nano-dollars, exact, rounded half up at the tenth decimal.
 * Returns null for what is not a finite, non-negative decimal or passes 2^53 nano-dollars.
 */
export function nanoFromUsd(usd: number | string): number | null {
  const text = typeof usd === 'number' ? plainDecimal(usd) : usd
  const match = text === null ? null : /^(\d{1,9})(?:\.(\d+))?$/.exec(text)
  if (!match) return null
  const [, whole = '0', fraction = ''] = match
  const kept = fraction.length === NANO_DIGITS ? fraction : fraction.slice(0, NANO_DIGITS).padEnd(NANO_DIGITS, '0')
  const up = (fraction.charCodeAt(NANO_DIGITS) || 48) >= 53 ? 1 : 0
  // Products and sums of whole numbers are exact up to 2^53, and nothing above passes the test below.
  const nano = Number(whole) * NANO_PER_USD + (Number(kept) + up)
  return nano > Number.MAX_SAFE_INTEGER ? null : nano
}

/** A number without exponent; doubles print their shortest exact form, so nothing is invented. */
function plainDecimal(value: number): string | null {
  if (!Number.isFinite(value) || value < 0) return null
  const text = String(value)
  const exponent = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (!exponent) return text
  const [, lead = '0', rest = '', power = '0'] = exponent
  const shift = Number(power)
  if (shift > 0) return lead + rest.padEnd(shift, '0')
  return `0.${'0'.repeat(-shift - 1)}${lead}${rest}`
}

/** Nano-dollars → US dollars with exactly nine decimals, e.g. `12.345678901`. */
export function usd(nano: bigint | number | string): string {
  const value = BigInt(nano)
  const sign = value < 0n ? '-' : ''
  const digits = (value < 0n ? -value : value).toString().padStart(NANO_DIGITS + 1, '0')
  return `${sign}${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`
}

/** Nano-dollars shared out evenly → US dollars of each share, rounded half away from zero; null for no shares. */
export function usdPer(nano: bigint, shares: number): string | null {
  if (shares === 0) return null
  const n = BigInt(shares)
  const half = nano < 0n ? -n : n
  return usd((2n * nano + half) / (2n * n))
}

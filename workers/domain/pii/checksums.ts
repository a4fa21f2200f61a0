/** ISO/IEC 7812-1, annex B: from the right every second digit is doubled, the digits' sum is a multiple of ten. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const digit = digits.charCodeAt(i) - 48
    sum += twice ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

/** ISO 13616-1 (ISO/IEC 7064 MOD 97-10): the first four to the end, letters as 10 to 35, remainder one. */
export function isIbanSum(iban: string): boolean {
  const turned = iban.slice(4) + iban.slice(0, 4)
  let rest = 0
  for (let i = 0; i < turned.length; i++) {
    const code = turned.charCodeAt(i)
    rest = code < 58 ? (rest * 10 + code - 48) % 97 : (rest * 100 + code - 55) % 97
  }
  return rest === 1
}

/** ISO/IEC 7064 MOD 11,10: the check digit is the last. */
export function isMod11And10(digits: string): boolean {
  let product = 10
  for (let i = 0; i < digits.length - 1; i++) {
    const sum = (digits.charCodeAt(i) - 48 + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48
}

/** The sum of digits by weights, for checks that are a remainder of it. */
export function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * (digits.charCodeAt(i) - 48), 0)
}

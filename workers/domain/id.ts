/** Prefixes of our identifiers; the rest is time-sortable base 32. */
const PREFIXES = {
  org: 'org',
  workspace: 'ws',
  project: 'prj',
  key: 'key',
  commit: 'c',
  user: 'usr',
  request: 'req',
  member: 'mem',
  invitation: 'inv',
  principal: 'spr',
  move: 'mov',
  sso: 'sso',
  reservation: 'rsv',
  budget: 'bdg',
  extension: 'ext',
  control: 'ctl',
  decision: 'dec',
  rule: 'rul',
  incident: 'inc',
  silence: 'sil',
  slo: 'slo',
  erasure: 'era',
  deletion: 'del',
  export: 'exp',
  repricing: 'rpr',
  channel: 'chn',
  delivery: 'dlv',
  view: 'viw',
  report: 'rpt',
  price: 'prc',
} as const
export type IdKind = keyof typeof PREFIXES

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** `<prefix>_<9 chars of time><13 chars of chance>`, e.g. `prj_01k…`; sorts by creation time. */
export function newId(kind: IdKind, nowMs: number, random: Uint8Array): string {
  let time = ''
  let rest = nowMs
  for (let i = 0; i < 9; i++) {
    time = ALPHABET[rest % 32] + time
    rest = Math.floor(rest / 32)
  }
  let chance = ''
  for (let i = 0; i < 13; i++) chance += ALPHABET[(random[i] ?? 0) % 32]
  return `${PREFIXES[kind]}_${time}${chance}`
}

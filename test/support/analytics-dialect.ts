import { BLOBS, DOUBLES } from '../../workers/adapters/metrics/analytics-engine/columns.ts'

/**
 * What Cloudflare's "Workers Analytics Engine SQL Reference" documents and our statements may use, with the number of
 * arguments. Left out though documented: countIf, sumIf and avgIf, which the API itself refuses for their untyped NULL.
 */
const FUNCTIONS: Record<string, number> = {
  sum: 1,
  max: 1,
  count: 1,
  quantileExactWeighted: 2,
  floor: 1,
  hex: 1,
  if: 3,
  toDateTime: 1,
  toUInt32: 1,
}
const KEYWORDS = new Set(
  [
    'SELECT',
    'AS',
    'FROM',
    'WHERE',
    'AND',
    'OR',
    'NOT',
    'IN',
    'DISTINCT',
    'GROUP',
    'ORDER',
    'BY',
    'DESC',
    'LIMIT',
  ].concat('FORMAT', 'JSON'),
)
const NUMBER_COLUMNS = new Set(['_sample_interval', ...DOUBLES.map((_, i) => `double${i + 1}`)])
const TEXT_COLUMNS = new Set(['index1', ...BLOBS.map((_, i) => `blob${i + 1}`)])
const SHAPE =
  /^SELECT (?<list>[^\n]+)\nFROM (?<table>\w+)\nWHERE (?<where>[^\n]+)(?:\nGROUP BY (?<group>[^\n]+))?\nORDER BY (?<order>\w+) DESC\nLIMIT \d+\nFORMAT JSON$/
const PLAIN_TEXT = /^[\w .:/@+=,-]*$/
const DOUBLE_LITERAL = /^-?\d+\.\d+$/

/** What a statement has that the dialect has not; empty for one that it takes. */
export function dialectFaults(
  sql: string,
  scope: { dataset: string; org_id: string; project_ids: readonly string[] },
): string[] {
  const faults: string[] = []
  if (sql.length > 10_000) faults.push('longer than 10,000 characters')
  if (!/^[\x20-\x7e\n]*$/.test(sql) || /[\\"`;]/.test(sql)) faults.push('a character that some SQL reads otherwise')
  const texts = [...sql.matchAll(/'([^']*)'/g)].map(([, text = '']) => text)
  for (const text of texts) if (!PLAIN_TEXT.test(text)) faults.push(`the literal '${text}'`)
  const bare = sql.replace(/'[^']*'/g, "''")
  if (bare.includes('--') || bare.includes('/*')) faults.push('a comment')
  const shape = SHAPE.exec(bare)?.groups
  if (!shape) return [...faults, 'not one SELECT with WHERE, GROUP BY, ORDER BY, LIMIT and FORMAT in this order']
  const items = split(shape.list ?? '', ', ')
  const aliases = items.map((item) => / AS (\w+)$/.exec(item)?.[1] ?? `${item} has no name`)
  const grouped = shape.group?.split(', ') ?? []
  for (const name of [...grouped, shape.order ?? ''])
    if (!aliases.includes(name)) faults.push(`${name} is not among what is selected`)
  items.forEach((item, i) => {
    const aggregate = /^(sum|max|count|quantileExactWeighted)\(/.test(item)
    if (aggregate === grouped.includes(aliases[i] ?? '')) faults.push(`${item}, grouped or not`)
  })
  if (shape.table !== scope.dataset) faults.push(`reads ${shape.table}`)
  faults.push(...wordFaults(bare, new Set([...aliases, scope.dataset])), ...callFaults(bare))
  faults.push(...scopeFaults(sql, scope))
  return faults
}

function wordFaults(bare: string, names: ReadonlySet<string>): string[] {
  const words = bare.match(/[A-Za-z_]\w*/g) ?? []
  const known = (word: string) =>
    KEYWORDS.has(word) ||
    word in FUNCTIONS ||
    names.has(word) ||
    NUMBER_COLUMNS.has(word) ||
    TEXT_COLUMNS.has(word) ||
    word === 'timestamp'
  return [...new Set(words.filter((word) => !known(word)))].map((word) => `the word ${word}`)
}

function callFaults(bare: string): string[] {
  const faults: string[] = []
  for (const { index, 1: name = '' } of bare.matchAll(/\b([A-Za-z_]\w*)\(/g)) {
    let open = index + name.length
    if (name === 'quantileExactWeighted') {
      const level = inside(bare, open)
      if (!/^0\.\d+$/.test(level)) faults.push(`a quantile of ${level}`)
      open += level.length + 2
    }
    const given = split(inside(bare, open), ', ')
    if (given.length !== FUNCTIONS[name]) faults.push(`${name} with ${given.length} arguments`)
    if (name === 'if' && !given.slice(1).every((branch) => DOUBLE_LITERAL.test(branch) || branch.startsWith('if(')))
      faults.push(`if with branches of two types: ${given.slice(1).join(', ')}`)
    if (['sum', 'max'].includes(name) && given.some((text) => /blob|index/.test(text))) faults.push(`${name} of text`)
    if (name === 'quantileExactWeighted' && !given[1]?.startsWith('toUInt32('))
      faults.push('a weight that is no integer')
    if (name === 'count' && !/^DISTINCT blob\d+$/.test(given[0] ?? '')) faults.push('a count that is not weighted')
    if (name === 'sum' && !given[0]?.endsWith(' * _sample_interval')) faults.push('a sum that is not weighted')
  }
  return faults
}

/** The tenant's conditions stand alone: nothing can be true in their place. */
function scopeFaults(
  sql: string,
  { org_id, project_ids }: { org_id: string; project_ids: readonly string[] },
): string[] {
  const where = /\nWHERE ([^\n]+)/.exec(sql)?.[1] ?? ''
  const conditions = split(where, ' AND ')
  const wanted = [`index1 IN ('${org_id}')`, `blob2 IN (${project_ids.map((id) => `'${id}'`).join(', ')})`]
  return [
    ...wanted.filter((condition) => !conditions.includes(condition)).map((condition) => `no condition ${condition}`),
    ...(split(where, ' OR ').length > 1 ? ['an OR beside them'] : []),
    ...(conditions.some((condition) => /^timestamp >= toDateTime\(\d+\)$/.test(condition))
      ? []
      : ['no lower time bound']),
  ]
}

/** Parts between separators that are inside no parentheses and no literal. */
function split(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let from = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted
    if (quoted) continue
    if (text[i] === '(') depth++
    if (text[i] === ')') depth--
    if (depth > 0 || !text.startsWith(separator, i)) continue
    parts.push(text.slice(from, i))
    from = i + separator.length
  }
  return [...parts, text.slice(from)]
}

function inside(text: string, open: number): string {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++
    if (text[i] === ')' && --depth === 0) return text.slice(open + 1, i)
  }
  return ''
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PII_TYPES, type Finding, type PiiType } from '../../workers/domain/pii/finding.ts'

export interface PiiCase {
  file: string
  text: string
  expected: Finding[]
}

const MARK = /⟦([a-z_]+):([^⟧]*)⟧/g
const FOLDER = join(import.meta.dirname, '../data/pii')

/**
 * The sentences of test/data/pii: `⟦type:value⟧` marks what must be found. `¦` is left out: it keeps made-up secrets from
 * looking like secrets to whoever scans this repository.
 */
export function piiCorpus(): PiiCase[] {
  return readdirSync(FOLDER).flatMap((file) =>
    (JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as string[]).map((line) => caseOf(file, line)),
  )
}

function caseOf(file: string, line: string): PiiCase {
  const marked = line.replaceAll('¦', '')
  const expected: Finding[] = []
  let text = ''
  let at = 0
  for (const match of marked.matchAll(MARK)) {
    const [all, type = '', value = ''] = match
    if (!PII_TYPES.includes(type as PiiType)) throw new Error(`${file}: no type ${type}`)
    text += marked.slice(at, match.index)
    expected.push({ type: type as PiiType, start: text.length, end: text.length + value.length })
    text += value
    at = match.index + all.length
  }
  return { file, text: text + marked.slice(at), expected }
}

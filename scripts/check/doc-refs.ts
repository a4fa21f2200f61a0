import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, inRoot } from '../runtime/paths.ts'

const DOCS = ['*.md', 'docs/**/*.md', 'test/**/*.md', 'web/*.md']
const TOP = /^(?:\.{1,2}\/|(?:\.ci|\.github|bench|docs|examples|migrations|scripts|test|web|workers)\/)/
const ROOT_FILE = /^[\w.-]+\.(?:md|json|toml|cjs|js|ts)$/

/** Paths that the documents name and the tree does not have, as `document: path`. */
export function brokenReferences(): string[] {
  const broken: string[] = []
  for (const doc of globSync(DOCS, { cwd: ROOT, exclude: (path) => path.includes('node_modules') })) {
    const text = readFileSync(inRoot(doc), 'utf8')
    for (const path of [...codeSpans(text), ...links(text)]) {
      if (!exists(path, dirname(inRoot(doc)))) broken.push(`${doc}: ${path}`)
    }
  }
  return [...new Set(broken)].sort()
}

/** Inline code that looks like a path of this project. */
function codeSpans(text: string): string[] {
  const withoutBlocks = text.replace(/^ *```[\s\S]*?^ *```/gm, '')
  return [...withoutBlocks.matchAll(/`([^`\s]+)`/g)]
    .map(([, span = '']) => span)
    .filter((span) => TOP.test(span) || ROOT_FILE.test(span))
}

/** Targets of Markdown links that stay inside the project. */
function links(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
}

function exists(path: string, from: string): boolean {
  const clean = path.replace(/:\d+$/, '')
  if (/[<>]|…/.test(clean)) return true
  const bases = [ROOT, from]
  // A bare name is one of a file anywhere: text near it says where.
  if (
    ROOT_FILE.test(clean) &&
    globSync(`{workers,web/src,scripts,bench,test,examples}/**/${clean}`, { cwd: ROOT }).length > 0
  )
    return true
  if (/[*{]/.test(clean)) return bases.some((cwd) => globSync(clean, { cwd }).length > 0)
  return bases.some((base) => existsSync(join(base, clean)))
}

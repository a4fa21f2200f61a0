import { inflateSync } from 'node:zlib'

/** Of each font, by its name in the pages: how long a code is, and the character of each. */
type Fonts = Map<string, { digits: number; characters: Map<string, string> }>

/** The text of a PDF as Chromium writes it, with the number of its pages. Fonts have one name in the whole document. */
export function readPdf(pdf: Buffer): { pages: number; text: string } {
  const objects = objectsOf(pdf)
  const fonts = fontsOf(objects)
  const contents = [...objects.values()].map(({ stream }) => stream).filter((stream) => / Tf\s/.test(stream))
  return {
    pages: [...objects.values()].filter(({ head }) => /\/Type \/Page\b/.test(head)).length,
    text: contents.map((content) => shownIn(content, fonts)).join('\n'),
  }
}

interface PdfObject {
  head: string
  /** Inflated; empty where there is none, or none that is text. */
  stream: string
}

function objectsOf(pdf: Buffer): Map<string, PdfObject> {
  const latin = pdf.toString('latin1')
  const objects = new Map<string, PdfObject>()
  for (const found of latin.matchAll(/(?:^|\n)(\d+) 0 obj\r?\n?/g)) {
    const start = found.index + found[0].length
    const end = latin.indexOf('endobj', start)
    const at = latin.slice(start, end).search(/stream\r?\n/)
    const head = at < 0 ? latin.slice(start, end) : latin.slice(start, start + at)
    const from = start + at + (latin[start + at + 6] === '\r' ? 8 : 7)
    objects.set(found[1] ?? '', { head, stream: at < 0 ? '' : inflated(pdf, head, from) })
  }
  return objects
}

function inflated(pdf: Buffer, head: string, from: number): string {
  const length = Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0)
  const bytes = pdf.subarray(from, from + length)
  try {
    return (head.includes('/FlateDecode') ? inflateSync(bytes) : bytes).toString('latin1')
  } catch {
    return ''
  }
}

function fontsOf(objects: Map<string, PdfObject>): Fonts {
  const fonts: Fonts = new Map()
  for (const { head } of objects.values())
    for (const [, name = '', number = ''] of head.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const font = objects.get(number)?.head ?? ''
      const map = objects.get(/\/ToUnicode (\d+) 0 R/.exec(font)?.[1] ?? '')?.stream ?? ''
      const digits = font.includes('/Type0') ? 4 : 2
      fonts.set(name, { digits, characters: charactersOf(map, digits) })
    }
  return fonts
}

/** A ToUnicode CMap (PDF 32000-1, 9.10.3). */
function charactersOf(map: string, digits: number): Map<string, string> {
  const characters = new Map<string, string>()
  const character = (hex: string, more = 0) => String.fromCharCode(Number.parseInt(hex.slice(0, 4), 16) + more)
  for (const [, block = ''] of map.matchAll(/beginbfchar([\s\S]*?)endbfchar/g))
    for (const [, code = '', hex = ''] of block.matchAll(/<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g))
      characters.set(code.toUpperCase(), character(hex))
  for (const [, block = ''] of map.matchAll(/beginbfrange([\s\S]*?)endbfrange/g))
    for (const [, from = '', to = '', hex = ''] of block.matchAll(
      /<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g,
    ))
      for (let i = 0; i <= Number.parseInt(to, 16) - Number.parseInt(from, 16); i++)
        characters.set(
          (Number.parseInt(from, 16) + i).toString(16).toUpperCase().padStart(digits, '0'),
          character(hex, i),
        )
  return characters
}

function shownIn(content: string, fonts: Fonts): string {
  let font = fonts.get('')
  let text = ''
  for (const [, name, hex] of content.matchAll(/\/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>/g)) {
    if (name !== undefined) font = fonts.get(name)
    else if (hex !== undefined && font !== undefined)
      for (let at = 0; at < hex.length; at += font.digits)
        text += font.characters.get(hex.slice(at, at + font.digits).toUpperCase()) ?? ' '
  }
  return text
}

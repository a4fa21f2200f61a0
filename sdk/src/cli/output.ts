import type { WriteStream } from 'node:tty'

const COLOURS = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Colour = keyof typeof COLOURS
/** What a terminal would obey must not reach it from an event. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

/** Answers go to standard output, all else to standard error, so that output can be piped. */
export class Output {
  readonly isJson: boolean
  readonly #out: WriteStream
  readonly #err: WriteStream
  readonly #hasColour: boolean
  #hasProgress = false

  constructor(isJson: boolean, env: Record<string, string | undefined>, out: WriteStream, err: WriteStream) {
    this.isJson = isJson
    this.#out = out
    this.#err = err
    this.#hasColour = out.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  }

  line(text: string): void {
    this.#clear()
    this.#out.write(`${text}\n`)
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value))
  }

  note(text: string): void {
    this.#clear()
    this.#err.write(`${text}\n`)
  }

  /** One line that is written over on a terminal, and nothing elsewhere. */
  progress(text: string): void {
    if (!this.#err.isTTY) return
    this.#err.write(`\r\x1b[K${text}`)
    this.#hasProgress = true
  }

  colour(colour: Colour, text: string): string {
    return this.#hasColour ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text
  }

  /** Rows under a header, in columns; of money and numbers the right edges meet. */
  table(header: string[], rows: string[][]): void {
    const all = [header, ...rows].map((row) => row.map(plain))
    const widths = header.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
    all.forEach((row, index) => {
      const cells = row.map((cell, i) =>
        index > 0 && /^[$\d.,%-]+$/.test(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      const text = cells.join('  ').trimEnd()
      this.line(index === 0 ? this.colour('dim', text) : text)
    })
  }

  #clear(): void {
    if (this.#hasProgress) this.#err.write('\r\x1b[K')
    this.#hasProgress = false
  }
}

/** Without characters that a terminal would obey. */
export function plain(text: string): string {
  return text.replace(CONTROL, '?')
}

export function bytesText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

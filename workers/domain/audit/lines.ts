/** No line of an export comes near this; a file that is none of ours must not fill the memory. */
const LINE_CHARS_MAX = 8_000_000

/** The lines of a text that comes in pieces. Only `\n` ends a line: a text inside of JSON may hold U+2028. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > LINE_CHARS_MAX) break
  }
  if (rest !== '') yield rest
}

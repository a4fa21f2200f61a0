// For development only: a page asks which start of the server it talks to, and loads itself again when that changes.
const PATH = '/__dev/reload'
let start

const SCRIPT = `
let known
setInterval(async () => {
  try {
    const now = await (await fetch('${PATH}')).text()
    if (known !== undefined && now !== known) location.reload()
    known = now
  } catch {}
}, 700)
`

/** The answer to the page's question or the script that asks it; undefined for every other request. */
export function answerReload(request) {
  const { pathname } = new URL(request.url)
  start ??= crypto.randomUUID()
  if (pathname === PATH) return new Response(start, { headers: { 'cache-control': 'no-store' } })
  if (pathname === `${PATH}.js`) return new Response(SCRIPT, { headers: { 'content-type': 'text/javascript' } })
  return undefined
}

/** Adds the script to a page. */
export function withReload(response) {
  if (!(response.headers.get('content-type') ?? '').startsWith('text/html')) return response
  const append = {
    element: (body) => void body.append(`<script type="module" src="${PATH}.js"></script>`, { html: true }),
  }
  return new HTMLRewriter().on('body', append).transform(response)
}

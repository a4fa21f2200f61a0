import { gzipSync } from 'node:zlib'
import type { Figure } from '../report.ts'
import type { Bench } from '../support/bench.ts'

const SECTION = 'web'

/** JavaScript that the overview page makes a browser load: every script and preloaded module, gzipped. */
export async function overviewPage(bench: Bench): Promise<Figure[]> {
  const server = await bench.serve({ withWeb: true })
  try {
    const { session, orgSlug } = await bench.tenant(server)
    const page = await fetch(`${server.url}/${orgSlug}`, { headers: { cookie: session.cookie, accept: 'text/html' } })
    const html = await page.text()
    if (!page.ok) throw new Error(`the overview page answered ${page.status}`)
    const loaded = await allModules(new URL(page.url), [...firstModules(html), ...preloaded(page)])
    const bytes = [...loaded.values()].reduce((sum, n) => sum + n, 0) + inlineBytes(html)
    return [
      {
        section: SECTION,
        name: 'JavaScript on the overview page',
        value: bytes / 1000,
        unit: 'kB gzip',
        target: { at: 'most', value: 170 },
        note: `${loaded.size} modules with what they import statically, each gzipped at level 9`,
      },
    ]
  } finally {
    await server.kill()
  }
}

/** SvelteKit names what a page needs in the header `Link`. */
function preloaded(page: Response): string[] {
  return [...(page.headers.get('link') ?? '').matchAll(/<([^>]+\.js)>; rel="modulepreload"/g)].map((m) => m[1] ?? '')
}

function firstModules(html: string): string[] {
  const linked = [...html.matchAll(/<(?:link|script)\b[^>]*?(?:href|src)="([^"]+\.js)"/g)].map((m) => m[1] ?? '')
  const imported = [...html.matchAll(/import\("([^"]+\.js)"\)/g)].map((m) => m[1] ?? '')
  return [...linked, ...imported]
}

/** Follows static imports; what loads later, on demand, does not count. */
async function allModules(page: URL, first: string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const waiting = first.map((path) => new URL(path, page))
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (sizes.has(url.href)) continue
    const answer = await fetch(url)
    if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}`)
    const text = await answer.text()
    sizes.set(url.href, gzipSync(text, { level: 9 }).length)
    for (const [, path] of text.matchAll(
      /(?:^|[;\s}])(?:import|export)\s*(?:[\w$*{}\s,]+?from\s*)?"(\.{1,2}\/[^"]+)"/g,
    )) {
      if (path !== undefined) waiting.push(new URL(path, url))
    }
  }
  return sizes
}

function inlineBytes(html: string): number {
  const scripts = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map((m) => m[1] ?? '')
  return scripts.length === 0 ? 0 : gzipSync(scripts.join('\n'), { level: 9 }).length
}

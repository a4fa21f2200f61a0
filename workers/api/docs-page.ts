import type { document } from './document.ts'

interface Operation {
  summary?: string
  tags?: string[]
  'x-permission'?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: unknown }[]
  requestBody?: { content?: Record<string, { schema?: unknown }> }
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: unknown }> }>
}

const STYLE = `:root{color-scheme:light dark;--line:light-dark(#d8dbe0,#333841);--soft:light-dark(#5b6270,#a2a9b5);--code:light-dark(#f5f6f8,#1b1e24)}
body{font:14px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1.5rem}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:.5rem .75rem}summary{cursor:pointer}
code,pre{font:12.5px/1.5 ui-monospace,monospace}pre{background:var(--code);border-radius:6px;overflow:auto;padding:.75rem}
.m{display:inline-block;font-weight:600;min-width:4rem;text-transform:uppercase}.s{color:var(--soft)}table{border-collapse:collapse;width:100%}td{border-top:1px solid var(--line);padding:.3rem .5rem .3rem 0;vertical-align:top}`

/** The document as one page without scripts, rendered here, so that nothing is loaded from elsewhere. */
export function docsPage(doc: ReturnType<typeof document>): Response {
  const tags = new Map<string, string[]>()
  for (const [path, item] of Object.entries(doc.paths ?? {})) {
    for (const [method, operation] of Object.entries(item as Record<string, Operation>)) {
      const tag = operation.tags?.[0] ?? 'Other'
      tags.set(tag, [...(tags.get(tag) ?? []), operationHtml(method, path, operation)])
    }
  }
  const body = [...tags].map(([tag, operations]) => `<h2>${escape(tag)}</h2>${operations.join('')}`).join('')
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>AgentOps API</title><style>${STYLE}</style>
<main><h1>AgentOps API</h1><p>${escape(doc.info.description ?? '')}</p><p><a href="/api/openapi.json">OpenAPI 3.1 document</a> · <a href="/api/v1/schemas/event.json">JSON Schema of an event</a></p>${body}</main></html>`
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'cache-control': 'public, max-age=300',
    },
  })
}

function operationHtml(method: string, path: string, op: Operation): string {
  const permission = op['x-permission'] ? ` <span class="s">· ${escape(op['x-permission'])}</span>` : ''
  const parameters = (op.parameters ?? []).map(
    (p) =>
      `<tr><td><code>${escape(p.name)}</code></td><td class="s">${escape(p.in)}${p.required ? ', required' : ''}</td><td>${escape(p.description ?? '')} <code>${escape(JSON.stringify(p.schema ?? {}))}</code></td></tr>`,
  )
  const bodies = Object.entries(op.requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<p class="s">Body, ${escape(type)}</p>${json(schema)}`,
  )
  const answers = Object.entries(op.responses ?? {}).map(([status, r]) => {
    const schema = Number(status) < 300 ? Object.values(r.content ?? {})[0]?.schema : undefined
    return `<p><b>${escape(status)}</b> ${escape(r.description ?? '')}</p>${schema ? json(schema) : ''}`
  })
  return `<details><summary><span class="m">${escape(method)}</span> <code>${escape(path)}</code> — ${escape(op.summary ?? '')}${permission}</summary>${parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''}${bodies.join('')}${answers.join('')}</details>`
}

const json = (value: unknown) => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)
}

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** Headers by which a client comes in. */
export type Credential = Record<string, string>
/** How a client finds out what revision of the protocol to speak. */
export type Mode = 'auto' | 'legacy' | { pin: string }

export interface ToolAnswer<T = unknown> {
  isError: boolean
  /** For people, or what is wrong. */
  text: string
  data: T
}

/** A client of the Model Context Protocol, as assistants have one. */
export async function connectedTo<T>(
  baseUrl: string,
  headers: Credential,
  use: (client: Client) => Promise<T>,
  mode: Mode = 'auto',
): Promise<T> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', baseUrl), { requestInit: { headers } }))
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** What a tool answers; the client has checked it against the schema that the tool names. */
export function askTool(baseUrl: string, headers: Credential, name: string, args: object): Promise<ToolAnswer> {
  return connectedTo(baseUrl, headers, async (client) => {
    // The client knows of schemas what it has listed.
    await client.listTools()
    const answer = await client.callTool({ name, arguments: { ...args } })
    const [first] = answer.content
    return {
      isError: answer.isError === true,
      text: first?.type === 'text' ? first.text : '',
      data: answer.structuredContent,
    }
  })
}

/** Which tools take ids, and of what; `more` is what a tool cannot do without. */
export const TOOL_PLACES: [tool: string, places: ('org' | 'project')[], more: { trace_id?: string }][] = [
  ['get_spend', ['org', 'project'], {}],
  ['list_traces', ['org', 'project'], {}],
  ['get_trace', ['org', 'project'], { trace_id: '0af7651916cd43dd8448eb211c80319c' }],
  ['get_failures', ['org', 'project'], {}],
  ['get_budgets', ['org'], {}],
  ['get_metrics', ['org', 'project'], {}],
  ['list_incidents', ['org'], {}],
]

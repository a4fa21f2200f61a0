import type { McpServer } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import type { Problem } from '../../contract/problem.ts'
import { problemOf } from '../../domain/problem.ts'
import { Refused, type Caller } from './caller.ts'

export interface ToolSpec<I extends z.ZodObject, O extends z.ZodObject> {
  name: string
  title: string
  description: string
  input: I
  output: O
  /** What programs get, and the same in short for people. */
  run: (asked: z.output<I>, caller: Caller) => Promise<{ data: z.input<O>; text: string }>
}

/** What happens around a call. */
export interface Served {
  caller: Caller
  requestId: string
  /** Told of what went wrong; the caller hears of it too. */
  failed: (error: unknown) => void
}

/** A tool, ready to be put on a server. All of ours read, and change nothing. */
export type Tool = (server: McpServer, served: Served) => void

export function tool<I extends z.ZodObject, O extends z.ZodObject>(spec: ToolSpec<I, O>): Tool {
  const { name, title, description, output, run } = spec
  const inputSchema: z.ZodObject = spec.input
  const annotations = { title, readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }
  return (server, { caller, requestId, failed }) => {
    server.registerTool(name, { title, description, inputSchema, outputSchema: output, annotations }, async (asked) => {
      try {
        const { data, text } = await run(asked as z.output<I>, caller)
        return {
          content: [
            { type: 'text' as const, text, annotations: { audience: ['user' as const] } },
            // For clients that do not read structured content yet.
            { type: 'text' as const, text: JSON.stringify(data), annotations: { audience: ['assistant' as const] } },
          ],
          structuredContent: data,
        }
      } catch (error) {
        failed(error)
        const problem = error instanceof Refused ? error.problem : problemOf(error, requestId).body
        return { isError: true, content: [{ type: 'text' as const, text: words(problem) }] }
      }
    })
  }
}

/** A problem as its route tells it: what is wrong and where, and by which id we find it again. */
function words({ title, detail, code, instance, errors = [] }: Problem): string {
  const where = errors.filter((one) => one.detail !== detail).map(({ pointer, detail: at }) => `${pointer}: ${at}`)
  return [`${title} (${code}).`, detail, ...where, `Request id: ${instance}`].join('\n')
}

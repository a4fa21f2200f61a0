import * as z from 'zod'
import { ApiError, projectPath, type Api } from '$lib/api.ts'
import { settle, type LoadProblem } from '$lib/loaded.ts'
import type { Command } from '$lib/ui/palette/match.ts'
import type { PaletteScope } from './commands.ts'
import { projectOfTrace, traceIdOf } from './trace.ts'

const PAUSE_MS = 250

/** Looks for the trace whose id was typed or pasted, in every project that one may see. */
export class TraceLookup {
  busy = $state(false)
  problem = $state.raw<LoadProblem | null>(null)
  /** Leads to the trace that was found. */
  command = $state.raw<Command | null>(null)
  /** There is no such trace. */
  missing = $state(false)
  #api: Api
  #scope: PaletteScope
  #asked: string | null = null
  #asking: AbortController | null = null

  constructor(api: Api, scope: PaletteScope) {
    this.#api = api
    this.#scope = scope
  }

  /** Follows what is typed, after a pause; returns the end of waiting. */
  typed(text: string): () => void {
    const id = traceIdOf(text, false)
    const isPasted = this.#asked !== null && traceIdOf(text, true) === this.#asked
    if (!isPasted) this.stop()
    const timer = id === null || isPasted ? undefined : setTimeout(() => void this.#find(id), PAUSE_MS)
    return () => clearTimeout(timer)
  }

  /** Looks at once for what was pasted, and answers what leads there. */
  pasted(text: string): Promise<Command | null> {
    const id = traceIdOf(text, true)
    return id === null ? Promise.resolve(null) : this.#find(id)
  }

  /** Forgets what was asked; an answer that is still on its way leads nowhere. */
  stop(): void {
    this.#asking?.abort()
    this.#asked = null
    this.#asking = null
    this.busy = false
    this.problem = null
    this.command = null
    this.missing = false
  }

  async #find(id: string): Promise<Command | null> {
    this.stop()
    const asking = new AbortController()
    this.#asked = id
    this.#asking = asking
    this.busy = true
    const { projects, project } = this.#scope
    const answer = await settle(projectOfTrace(projects, project, (one) => this.#has(one, id, asking.signal)))
    if (asking.signal.aborted) return null
    this.busy = false
    if (!answer.ok) this.problem = answer.problem
    else if (answer.value === null) this.missing = true
    else this.command = this.#commandOf(id, answer.value)
    return this.command
  }

  async #has(project: string, id: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#api.get(projectPath(project, 'traces', id), z.unknown(), { signal })
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false
      throw error
    }
  }

  #commandOf(id: string, project: string): Command {
    const query = new URLSearchParams({ project })
    return {
      id: `trace:${id}`,
      label: id,
      group: 'Traces',
      icon: 'traces',
      detail: 'Open this trace',
      does: { href: `/${this.#scope.org.slug}/traces/${encodeURIComponent(id)}?${query}` },
    }
  }
}

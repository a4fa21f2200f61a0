import { api } from '../../api.ts'
import { Latest } from '../../latest.svelte.ts'
import type { Loaded } from '../../loaded.ts'
import type { Annotations } from './annotations.ts'
import type { Scope } from './panel.ts'

/** What happened in a range; `later` where the page asks for it by itself, null where it is hidden. */
export type GivenAnnotations = Promise<Loaded<Annotations>> | 'later' | null

/** Releases, incidents and budgets change rarely: while a page follows events they are asked for at most this often. */
export const CHANGES_MS = 60_000

/** The annotations of a page that refreshes by itself. */
export class Changes {
  readonly latest: Latest<Annotations>
  #question: string
  #askedMs = Date.now()

  /** @param question changes when what is asked for does. */
  constructor(given: GivenAnnotations, question: string) {
    this.latest = new Latest(given instanceof Promise ? given : { ok: true, value: { all: [], without: [] } })
    // What was not given with the page is asked for at once.
    this.#question = given === 'later' ? '' : question
  }

  /** To be called with each answer of the page. */
  follow(given: GivenAnnotations, scope: Scope, question: string): void {
    const isNew = question !== this.#question
    if (given === null || (given === 'later' && !isNew && Date.now() - this.#askedMs < CHANGES_MS)) return
    this.#question = question
    this.#askedMs = Date.now()
    void this.latest.follow(given === 'later' ? this.#ask(scope) : given)
  }

  async #ask(scope: Scope): Promise<Loaded<Annotations>> {
    const { loadAnnotations } = await import('./annotations.ts')
    return (await loadAnnotations(api(fetch), scope)) ?? { ok: true, value: { all: [], without: [] } }
  }
}

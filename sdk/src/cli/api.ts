import type { Me, Problem, Project } from '../contract.ts'
import type { Account } from './config.ts'
import { CliError, usageError } from './failure.ts'

/** The HTTP API as this account. */
export class Api {
  readonly account: Account

  constructor(account: Account) {
    this.account = account
  }

  /** @throws CliError with what the server says when it refuses, or when it does not answer. */
  async call(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await this.raw(path, {
      method,
      headers: { ...this.headers(), ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (response.ok) return response
    throw new CliError(`${method} ${path} answered ${response.status}: ${await detailOf(response)}`)
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return JSON.parse(await (await this.call(method, path, body)).text()) as T
  }

  async raw(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.account.url + path, init)
    } catch (error) {
      throw new CliError(`${this.account.url} does not answer: ${reasonOf(error)}`)
    }
  }

  headers(): Record<string, string> {
    const { key, cookie, url } = this.account
    if (key !== undefined) return { authorization: `Bearer ${key}` }
    if (cookie !== undefined) return { cookie, origin: url }
    throw new CliError(`You are not signed in at ${url}: run agentops login, or set AGENTOPS_KEY.`)
  }

  /** The organization that was named, or the only one there is. @throws CliError also for who is not signed in. */
  async org(): Promise<string> {
    const { org, project, cookie } = this.account
    if (org !== undefined) return org
    this.headers()
    if (cookie !== undefined) {
      const { orgs } = await this.json<Me>('GET', '/api/v1/me')
      const [first, second] = orgs
      if (first !== undefined && second === undefined) return first.id
      throw usageError(`Say --org: you are a member of ${orgs.map(({ slug }) => slug).join(', ') || 'none'}.`)
    }
    if (project !== undefined) return (await this.json<Project>('GET', `/api/v1/projects/${project}`)).org_id
    throw usageError('Say --org or --project: a key cannot list organizations.')
  }

  /** The project that was named, or the only one there is. @throws CliError also for who is not signed in. */
  async project(): Promise<string> {
    const { project, org, cookie } = this.account
    if (project !== undefined) return project
    this.headers()
    if (org === undefined && cookie === undefined)
      throw usageError('Say --project (or AGENTOPS_PROJECT): a key cannot list projects.')
    const { data } = await this.json<{ data: Project[] }>('GET', `/api/v1/orgs/${await this.org()}/projects`)
    const [first, second] = data
    if (first !== undefined && second === undefined) return first.id
    throw usageError(`Say --project, one of ${data.map(({ id, name }) => `${id} (${name})`).join(', ') || 'none'}.`)
  }
}

export async function detailOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    const { detail, message } = JSON.parse(text) as Partial<Problem> & { message?: string }
    return detail ?? message ?? text.slice(0, 300)
  } catch {
    return text.slice(0, 300)
  }
}

/** `fetch failed` says nothing; its cause does. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string }
  return cause?.code ?? cause?.message ?? message ?? String(error)
}

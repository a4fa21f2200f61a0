import { createWriteStream } from 'node:fs'
import { access, rename, rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Export } from '../contract.ts'
import type { Api } from './api.ts'
import { apiOf, text, type Command } from './command.ts'
import { CliError, usageError } from './failure.ts'
import { bytesText, type Output } from './output.ts'

const LOOK_MS = 1000

export const exportAll: Command = {
  usage: '[--out FILE] [--id EXPORT] [--force]',
  summary: 'Everything the organization has, as one zip file',
  help: `Starts an export, waits for it and streams it into a file, which has its name only once it is whole. Stopped
meanwhile, the export goes on at the server: go on with --id. A download begins anew, since the file is made while
it is sent. Needs a session: agentops login --email ADDRESS.

  --out FILE    agentops-EXPORT.zip unless you say otherwise
  --id EXPORT   of an export that was started before
  --force       write over a file that exists`,
  options: { out: { type: 'string' }, id: { type: 'string' }, force: { type: 'boolean' } },
  async run(call) {
    const { values, out } = call
    const api = apiOf(call)
    const path = `/api/v1/orgs/${await api.org()}/exports`
    const id = text(values, 'id') ?? (await api.json<Export>('POST', path)).id
    const file = text(values, 'out') ?? `agentops-${id}.zip`
    if (values['force'] !== true && (await exists(file)))
      throw usageError(`${file} exists: say --force, or another --out.`)
    out.note(`Export ${id}; go on later with --id ${id}.`)
    const made = await finished(api, `${path}/${encodeURIComponent(id)}`, out)
    const bytes = await download(api, `${path}/${encodeURIComponent(id)}/download`, file, out)
    if (out.isJson) out.json({ ...made, file, file_bytes: bytes })
    else out.line(`${file}: ${made.rows} rows in ${made.files} files, ${bytesText(bytes)}.`)
  },
}

async function finished(api: Api, path: string, out: Output): Promise<Export> {
  for (;;) {
    const found = await api.json<Export>('GET', path)
    if (found.state === 'done') return found
    if (found.state !== 'running') throw new CliError(`The export is ${found.state}.`)
    out.progress(`${found.step}: ${found.rows} rows, ${bytesText(found.bytes)}`)
    await sleep(LOOK_MS)
  }
}

async function download(api: Api, path: string, file: string, out: Output): Promise<number> {
  const part = `${file}.part`
  const { body } = await api.call('GET', path)
  if (body === null) throw new CliError('The server sent no file.')
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      out.progress(`${bytesText(bytes)} written`)
      done(null, chunk)
    },
  })
  try {
    await pipeline(Readable.from(body), counted, createWriteStream(part))
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw new CliError(`The download broke off after ${bytesText(bytes)}: ${(error as Error).message}`)
  }
  return bytes
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
